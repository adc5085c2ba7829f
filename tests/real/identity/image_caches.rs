//! Image caches of ECI, which are objects of the whole cluster.

use serde_json::json;

use crate::harness::cast::{ALICE, BOB, DAVE, MALLORY};
use crate::harness::custom::image_cache;
use crate::harness::objects::TAGS;
use crate::harness::rest::Patch;
use crate::harness::stage::{Stage, assert_says};

const PATH: &str = "/apis/eci.alibabacloud.com/v1/imagecaches";
/// The group of those who may do everything with image caches, as far as Kubernetes is concerned
const KEEPERS: &str = "image-cache-keepers";

fn keepers(stage: &Stage<'_>) {
    for object in [
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": KEEPERS},
            "rules": [{"apiGroups": ["eci.alibabacloud.com"], "resources": ["*"], "verbs": ["*"]}],
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": KEEPERS},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": KEEPERS},
            "subjects": [{"kind": "Group", "name": KEEPERS, "apiGroup": "rbac.authorization.k8s.io"}],
        }),
    ] {
        stage.admin().apply(&object).success();
    }
}

#[test]
fn an_image_cache_is_judged_when_it_is_made_changed_and_deleted() {
    let stage = Stage::new("caches");
    keepers(&stage);
    let name = format!("cache-{}", stage.name);
    let cache = image_cache(&name, json!({TAGS: "env:test"}));
    let path = format!("{PATH}/{name}");
    let who = |user: &str| stage.rest_in(user, &[KEEPERS, "system:authenticated"]);

    for user in [BOB, MALLORY] {
        let denial = who(user).create(PATH, &cache).denial();
        assert_says(&denial, &[user, &name]);
    }
    assert_says(&who(BOB).create(PATH, &cache).denial(), &["eci:CreateImageCache"]);
    who(ALICE).create(PATH, &cache).success();

    let change = json!({"spec": {"images": ["registry.example.com/app:2"]}});
    for user in [BOB, MALLORY] {
        let denial = who(user).patch(&path, Patch::Merge, &change).denial();
        assert_says(&denial, &[user]);
    }
    assert_says(
        &who(BOB).patch(&path, Patch::Merge, &change).denial(),
        &["eci:UpdateImageCache"],
    );
    who(ALICE).patch(&path, Patch::Merge, &change).success();
    let retag = json!({"metadata": {"annotations": {TAGS: "env:prod"}}});
    who(ALICE).patch(&path, Patch::Merge, &retag).denial();

    for user in [BOB, MALLORY] {
        let denial = who(user).delete(&path).denial();
        assert_says(&denial, &[user]);
    }
    assert_says(&who(BOB).delete(&path).denial(), &["eci:DeleteImageCache"]);
    who(DAVE).delete(&path).success();
}
