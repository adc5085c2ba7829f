// Command roots prints Mozilla's certificate authorities as PEM: the same ones each time, for the module's version in go.sum.
package main

import (
	"encoding/pem"
	"log"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func main() {
	for root := range bundle.Roots() {
		// A PEM file cannot say how far such an authority may be trusted, so it is not.
		if root.Constraint != nil {
			continue
		}
		block := pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}
		if err := pem.Encode(os.Stdout, &block); err != nil {
			log.Fatal(err)
		}
	}
}
