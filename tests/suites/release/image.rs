//! The image: an OCI layout with both architectures.

use std::path::PathBuf;

use serde_json::Value;

use crate::dist::{ARCHITECTURES, Dist, VERSION, printed, repository, sha256, text, unpacked};

/// The file of a blob, whose name must be its digest and whose size is as its descriptor says
#[track_caller]
fn blob(descriptor: &Value) -> PathBuf {
    let digest = descriptor["digest"]
        .as_str()
        .unwrap()
        .trim_start_matches("sha256:");
    let path = Dist::shared().path("image/blobs/sha256").join(digest);
    assert_eq!(sha256(&path), digest);
    assert_eq!(descriptor["size"], std::fs::metadata(&path).unwrap().len());
    path
}

#[track_caller]
fn json(descriptor: &Value) -> Value {
    serde_json::from_str(&text(&blob(descriptor))).unwrap()
}

/// The index that is published
pub(crate) fn index() -> Value {
    let layout: Value = serde_json::from_str(&text(&Dist::shared().path("image/index.json"))).unwrap();
    assert_eq!(layout["manifests"].as_array().unwrap().len(), 1);
    layout["manifests"][0].clone()
}

#[test]
fn the_image_is_an_index_of_both_architectures() {
    let version = text(&Dist::shared().path("image/oci-layout"));
    assert_eq!(version, r#"{"imageLayoutVersion":"1.0.0"}"#);
    let index = json(&index());
    assert_eq!(index["mediaType"], "application/vnd.oci.image.index.v1+json");
    let manifests = index["manifests"].as_array().unwrap();
    assert_eq!(manifests.len(), ARCHITECTURES.len());
    for (descriptor, arch) in manifests.iter().zip(ARCHITECTURES) {
        assert_eq!(descriptor["platform"]["architecture"], arch);
        assert_eq!(descriptor["platform"]["os"], "linux");
        let manifest = json(descriptor);
        let config = json(&manifest["config"]);
        assert_eq!(
            (&config["architecture"], &config["os"]),
            (&arch.into(), &"linux".into())
        );
        let layers = manifest["layers"].as_array().unwrap();
        assert_eq!(layers.len(), 1);
        let layer = blob(&layers[0]);
        let program = String::from_utf8(unpacked(&layer, "ramgate")).unwrap();
        assert!(program.contains(&format!("# {arch}\n")), "{arch} has {program}");
        let names = printed(
            "tar",
            &["--list", "--gzip", "--file", &layer.display().to_string()],
        );
        let names = String::from_utf8(names).unwrap();
        let files: Vec<&str> = names.lines().filter(|name| !name.ends_with('/')).collect();
        assert_eq!(files, ["etc/ssl/certs/ca-certificates.crt", "ramgate"]);
        let authorities = unpacked(&layer, "etc/ssl/certs/ca-certificates.crt");
        let authorities = String::from_utf8(authorities).unwrap();
        assert!(authorities.matches("-----BEGIN CERTIFICATE-----").count() > 100);
        let unpacked = printed(
            "gzip",
            &["--decompress", "--stdout", &layer.display().to_string()],
        );
        let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &unpacked);
        let sum = format!("sha256:{}", data_encoding::HEXLOWER.encode(sum.as_ref()));
        assert_eq!(config["rootfs"]["diff_ids"], serde_json::json!([sum]));
    }
}

/// The authorities are read by the library that the program reads them with
#[test]
fn the_program_can_read_the_image_s_authorities() {
    use x509_parser::prelude::Pem;
    let manifest = json(&json(&index())["manifests"][0]);
    let authorities = unpacked(&blob(&manifest["layers"][0]), "etc/ssl/certs/ca-certificates.crt");
    for pem in Pem::iter_from_buffer(&authorities) {
        let pem = pem.unwrap();
        let authority = pem.parse_x509().unwrap();
        assert!(
            authority.is_ca() || authority.version().0 == 0,
            "{}",
            authority.subject()
        );
    }
}

/// What a container runtime is told, line by line as in the Dockerfile
#[test]
fn both_ways_to_an_image_say_the_same() {
    let dockerfile = text(&repository("Dockerfile"));
    let last = dockerfile.rsplit("\nFROM ").next().unwrap();
    let line = |word: &str| {
        let prefix = format!("{word} ");
        let line = last.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_else(|| panic!("the Dockerfile has no {word}"))
    };
    let manifests = json(&index())["manifests"].clone();
    for descriptor in manifests.as_array().unwrap() {
        let config = json(&json(descriptor)["config"])["config"].clone();
        assert_eq!(config["User"], line("USER"));
        assert_eq!(config["Entrypoint"].to_string(), line("ENTRYPOINT"));
        assert_eq!(config["Cmd"].to_string(), line("CMD"));
        let ports: Vec<&str> = config["ExposedPorts"]
            .as_object()
            .unwrap()
            .keys()
            .map(|key| key.trim_end_matches("/tcp"))
            .collect();
        let mut exposed: Vec<&str> = line("EXPOSE").split(' ').collect();
        exposed.sort_unstable();
        assert_eq!(ports, exposed);
    }
}

#[test]
fn labels_say_version_commit_and_source() {
    let commit = String::from_utf8(printed("git", &["rev-parse", "HEAD"])).unwrap();
    let index = json(&index());
    let manifest = json(&index["manifests"][0]);
    let labels = json(&manifest["config"])["config"]["Labels"].clone();
    assert_eq!(
        (&index["annotations"], &manifest["annotations"]),
        (&labels, &labels)
    );
    let label = |name: &str| labels[format!("org.opencontainers.image.{name}")].clone();
    assert_eq!(label("version"), VERSION);
    assert_eq!(label("revision"), commit.trim());
    assert_eq!(label("source"), "https://github.com/ramgate/ramgate");
    assert_eq!(label("licenses"), "Apache-2.0");
}

/// On a disk that is full, a part of a blob would have a digest like any other.
#[test]
fn a_part_of_a_blob_is_not_taken_for_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout").display().to_string();
    let script = "set -euo pipefail; . scripts/release/oci.sh; layout \"$1\"; trap '' XFSZ; ulimit -f 8; \
                  descriptor=$(head -c 100000 /dev/zero | blob any/type); echo \"taken: $descriptor\"";
    let output = std::process::Command::new("bash")
        .args(["-c", script, "bash", &layout])
        .current_dir(repository("."))
        .output()
        .unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let kept = std::fs::read_dir(folder.path().join("layout/blobs/sha256")).unwrap();
    assert_eq!(kept.count(), 0);
}
