// Says what the StatefulSet controller makes of revisions, by its own code: one question a line, one answer a line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/controller"
	"k8s.io/kubernetes/pkg/controller/statefulset"
	strict "sigs.k8s.io/json"
)

// A live set, a revision's data, and what somebody takes for the template in it.
type question struct {
	Set     json.RawMessage `json:"set"`
	Data    string          `json:"data"`
	Reading string          `json:"reading"`
}

// What the controller makes of the set and of its pods, and what it would make if the reading were the template.
type answer struct {
	Error  string   `json:"error,omitempty"`
	Made   *outcome `json:"made,omitempty"`
	Wanted *outcome `json:"wanted,omitempty"`
	// What a decoder that respects letter case and refuses unknown and repeated fields finds in the reading.
	Faults []string `json:"faults"`
}

type outcome struct {
	Set *apps.StatefulSet `json:"set"`
	Pod *core.Pod         `json:"pod"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	lines := json.NewDecoder(in)
	for lines.More() {
		var asked question
		if err := lines.Decode(&asked); err != nil {
			fmt.Fprintln(os.Stderr, "no question:", err)
			os.Exit(1)
		}
		if err := json.NewEncoder(out).Encode(answered(asked)); err != nil {
			fmt.Fprintln(os.Stderr, "no answer:", err)
			os.Exit(1)
		}
	}
}

func answered(asked question) (said answer) {
	set := &apps.StatefulSet{}
	if err := json.Unmarshal(asked.Set, set); err != nil {
		fmt.Fprintln(os.Stderr, "no set:", err)
		os.Exit(1)
	}
	wanted := set.DeepCopy()
	wanted.Spec.Template = core.PodTemplateSpec{}
	faults, err := strict.UnmarshalStrict([]byte(asked.Reading), &wanted.Spec.Template)
	if err != nil {
		faults = append(faults, err)
	} else {
		said.Wanted = made(wanted)
	}
	for _, fault := range faults {
		said.Faults = append(said.Faults, fault.Error())
	}
	defer func() {
		if panicked := recover(); panicked != nil {
			said.Error = fmt.Sprint("panic: ", panicked)
		}
	}()
	revision := &apps.ControllerRevision{Data: runtime.RawExtension{Raw: []byte(asked.Data)}}
	restored, err := statefulset.ApplyRevision(set, revision)
	if err != nil {
		said.Error = err.Error()
		return said
	}
	// The merge names the kind, the live set as the controller's cache has it does not.
	restored.TypeMeta = set.TypeMeta
	said.Made = made(restored)
	return said
}

// Pods are made of a set's template as all controllers do it; the set's own part is their name and their volumes.
func made(set *apps.StatefulSet) *outcome {
	pod, err := controller.GetPodFromTemplate(&set.Spec.Template, set, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, "no pod:", err)
		os.Exit(1)
	}
	return &outcome{Set: set, Pod: pod}
}
