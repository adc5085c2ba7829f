# From the output of `cargo metadata` for each platform to one CycloneDX document; sbom.sh says what goes in.

# The packages that one platform has: each with whether it is linked in, and what it depends on
def reached:
  (.packages | map({key: .id, value: .}) | from_entries) as $packages
  | (.resolve.nodes | map({key: .id, value: .}) | from_entries) as $nodes
  | def macro: $packages[.].targets | any(.kind | index("proc-macro"));
    # Edges to follow: normal ones, and those of build scripts where KINDS has them
    def next($kinds): $nodes[.].deps[] | select(any(.dep_kinds[]; .kind as $kind | $kinds | index($kind))) | .pkg;
    def closure($kinds; follow):
      {seen: {}, todo: [.]}
      | until(.todo == [];
          .todo[0] as $one | .todo |= .[1:]
          | if .seen[$one] then . else
              .seen[$one] = true
              | .todo += ([$one | if follow then next($kinds) else empty end])
            end)
      | .seen | keys;
    .resolve.root as $root
    | ($root | closure([null]; macro | not) | map(select(macro | not))) as $linked
    | ($root | closure([null, "build"]; true)) as $all
    | $all | map(. as $id | {
        package: $packages[$id],
        linked: ($linked | index([$id]) != null),
        dependencies: [$id | next([null, "build"]) | $packages[.]]
      });

def purl: "pkg:cargo/\(.name)@\(.version)";

def component($linked):
  . as $package
  | {
      type: "library", "bom-ref": purl, name, version, purl: purl,
      scope: (if $linked then "required" else "excluded" end)
    }
  + (if .description then {description: (.description | gsub("\\s+"; " "))} else {} end)
  # Older packages write a slash where SPDX has OR.
  + (if .license then {licenses: [{expression: (.license | gsub(" ?/ ?"; " OR "))}]} else {} end)
  + (if .repository then {externalReferences: [{type: "vcs", url: .repository}]} else {} end)
  + ($checksums[0]["\(.name) \(.version)"] as $sum | if $sum then {hashes: [{alg: "SHA-256", content: $sum}]} else {} end);

def built_in($name; $version; $license):
  {
    type: "library", "bom-ref": "pkg:generic/\($name)@\($version)", name: $name, version: $version,
    purl: "pkg:generic/\($name)@\($version)", scope: "required", licenses: [{expression: $license}]
  };

($platforms | map(reached) | add | group_by(.package.id) | map({
    package: .[0].package,
    linked: any(.[]; .linked),
    dependencies: (map(.dependencies[]) | unique_by(.id))
  })) as $packages
| ($packages[] | select(.package.name == "ramgate") | .package) as $root
| ([built_in("rust-std"; $rust; "MIT OR Apache-2.0")]
   + ($glibc | split("\n") | map(built_in("glibc"; .; "LGPL-2.1-or-later")))) as $libraries
| {
    "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
    metadata: {
      timestamp: $time,
      component: ($root | component(true) | del(.scope) | .type = "application" | .version = $version)
    },
    components: (($packages | map(select(.package.id != $root.id) | .linked as $linked | .package | component($linked)) + $libraries)
      | sort_by(."bom-ref")),
    dependencies: ($packages | map({
        ref: (.package | purl),
        dependsOn: ((.dependencies | map(purl))
          + (if .package.id == $root.id then $libraries | map(."bom-ref") else [] end) | unique)
      }) | sort_by(.ref))
  }
