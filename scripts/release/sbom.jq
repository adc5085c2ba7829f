# From Cargo's tree and the manifests of its packages to a CycloneDX document; sbom.sh says what goes in.

def purl: "pkg:cargo/" + (sub(" "; "@"));

def component($manifest; $linked):
  {
    type: "library", "bom-ref": purl, name: $manifest.name, version: $manifest.version, purl: purl,
    scope: (if $linked then "required" else "excluded" end)
  }
  + (if $manifest.description then {description: ($manifest.description | gsub("\\s+"; " "))} else {} end)
  # Older packages write a slash where SPDX has OR.
  + (if $manifest.license then {licenses: [{expression: ($manifest.license | gsub(" ?/ ?"; " OR "))}]} else {} end)
  + (if $manifest.repository then {externalReferences: [{type: "vcs", url: $manifest.repository}]} else {} end)
  + ($checksums[0][.] as $sum | if $sum then {hashes: [{alg: "SHA-256", content: $sum}]} else {} end);

def built_in($name; $version; $license):
  {
    type: "library", "bom-ref": "pkg:generic/\($name)@\($version)", name: $name, version: $version,
    purl: "pkg:generic/\($name)@\($version)", scope: "required", licenses: [{expression: $license}]
  };

($packages[0].packages | map({key: "\(.name) \(.version)", value: .}) | from_entries) as $manifests
| ($linked[0] | map({key: .[1], value: true}) | from_entries) as $is_linked
| "ramgate \($version)" as $root
| ([built_in("rust-std"; $rust; "MIT OR Apache-2.0")]
   + ($glibc | split("\n") | map(built_in("glibc"; .; "LGPL-2.1-or-later")))) as $libraries
| ($all[0] | map(.[1]) | unique) as $names
| ($all[0] | map(select(.[0] != "")) | group_by(.[0]) | map({key: .[0][0], value: map(.[1] | purl)}) | from_entries) as $children
| {
    "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
    metadata: {
      timestamp: $time,
      component: ($root | component($manifests[.]; true) | del(.scope) | .type = "application")
    },
    components: (($names - [$root] | map(component($manifests[.]; $is_linked[.] == true))) + $libraries | sort_by(."bom-ref")),
    dependencies: ($names | map({
        ref: purl,
        dependsOn: (($children[.] // []) + (if . == $root then $libraries | map(."bom-ref") else [] end) | unique)
      }) | sort_by(.ref))
  }
