//! The live webhook rules, held against what has to be sent and against what the chart installed. Of match conditions only
//! the latter tells more than their names.

use std::collections::{BTreeMap, BTreeSet};

use crate::admission::routing::route::NAMESPACE_ROUTES;
use crate::admission::{Mode, Webhook};
use crate::analysis::survey::preflight::{Check, Finding, Scene, shown};
use crate::analysis::survey::webhooks::{Asked, Entry, NAME_LABEL, Webhooks};
use crate::cluster::told;
use crate::config::{LabelOperator, LabelSelector};
use crate::kubernetes::eci_profile::NAMESPACE as PROFILE_NAMESPACE;
use crate::kubernetes::workload::Workload;

/// Something that has to be sent, from these namespaces
struct Wanted {
    /// The entry of the chart that sends it
    entry: &'static str,
    paths: &'static [Webhook],
    asked: Vec<(&'static str, String, String)>,
    places: Vec<Place>,
    /// Whether it has to be sent without a mark of its own
    unmarked: bool,
    /// Whether an entry may look at the labels of objects
    picked: bool,
}

/// A namespace, or what labels one may have
struct Place {
    said: String,
    labels: BTreeMap<String, String>,
}

const BOTH: &[Webhook] = &[Webhook::Mutating, Webhook::Validating];
const VALIDATE: &[Webhook] = &[Webhook::Validating];

pub(crate) fn findings(scene: &Scene<'_>) -> Vec<Finding> {
    let Some(webhooks) = &scene.judge.cluster.webhooks else {
        return vec![Finding {
            check: Check::Rules,
            place: format!("webhook configurations {}", scene.webhook_configuration),
            what: "they are not there, so that nothing is sent to ramgate".to_owned(),
            advice: "install the chart, or name them with --webhook-configuration".to_owned(),
        }];
    };
    let missing = wanted(scene)
        .into_iter()
        .flat_map(|wanted| missing(scene, webhooks, &wanted));
    missing
        .chain(without_authority(scene, webhooks))
        .chain(failing_open(scene, webhooks))
        .chain(changed(scene, webhooks))
        .collect()
}

fn configuration(scene: &Scene<'_>, path: Webhook) -> String {
    let kind = match path {
        Webhook::Mutating => "MutatingWebhookConfiguration",
        Webhook::Validating => "ValidatingWebhookConfiguration",
    };
    format!("{kind} {}", scene.webhook_configuration)
}

/// What no entry sends, a finding for each configuration
fn missing(scene: &Scene<'_>, webhooks: &Webhooks, wanted: &Wanted) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in wanted.paths {
        let mut requests: BTreeSet<String> = BTreeSet::new();
        let mut places: BTreeSet<&str> = BTreeSet::new();
        let entries: Vec<&Entry> = webhooks
            .entries()
            .iter()
            .filter(|entry| entry.path == *path)
            .filter(|entry| wanted.picked || !entry.picks_objects())
            .filter(|entry| !wanted.unmarked || !entry.wants_marks)
            .collect();
        for place in &wanted.places {
            let here: Vec<&&Entry> = entries
                .iter()
                .filter(|entry| entry.admits(&place.labels))
                .collect();
            for (operation, group, resource) in &wanted.asked {
                let asked = Asked {
                    operation,
                    group,
                    resource,
                };
                if !here.iter().any(|entry| entry.covers(asked)) {
                    let dot = if group.is_empty() { "" } else { "." };
                    requests.insert(format!("{operation} {resource}{dot}{group}"));
                    places.insert(&place.said);
                }
            }
        }
        if !requests.is_empty() {
            findings.push(Finding {
                check: Check::Rules,
                place: configuration(scene, *path),
                what: format!(
                    "entry {} is not there, or does not send {} of {}",
                    wanted.entry,
                    shown(requests.iter().map(String::as_str)),
                    shown(places)
                ),
                advice: "install the chart again with its values".to_owned(),
            });
        }
    }
    findings
}

/// Everything that has to be sent in a cluster
fn wanted(scene: &Scene<'_>) -> Vec<Wanted> {
    let settings = &scene.judge.configuration.cluster;
    let core = |operation: &'static str, resources: &[&str]| -> Vec<(&'static str, String, String)> {
        let asked = resources
            .iter()
            .map(|one| (operation, String::new(), (*one).to_owned()));
        asked.collect()
    };
    let caches = |operations: &[&'static str]| -> Vec<(&'static str, String, String)> {
        let asked = operations.iter().map(|operation| {
            (
                *operation,
                "eci.alibabacloud.com".to_owned(),
                "imagecaches".to_owned(),
            )
        });
        asked.collect()
    };
    let [plain, routed, burst] = places(scene);
    let everywhere = || {
        all(&plain)
            .chain(all(&routed))
            .chain(all(&burst))
            .collect::<Vec<_>>()
    };
    let entry = |entry, paths, asked, places| Wanted {
        entry,
        paths,
        asked,
        places,
        unmarked: false,
        picked: false,
    };
    let nowhere = || {
        vec![Place {
            said: "the cluster".to_owned(),
            labels: BTreeMap::new(),
        }]
    };
    let named = |name: &str| vec![Place::named(name)];
    let maps = || [core("CREATE", &["configmaps"]), core("UPDATE", &["configmaps"])].concat();
    let connections = ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy"];
    let fields = ["pods/ephemeralcontainers", "pods/resize", "pods/status"];
    let removed = [core("DELETE", &["pods"]), core("CREATE", &["pods/eviction"])].concat();
    let mut wanted = vec![
        Wanted {
            unmarked: true,
            ..entry("namespaces", BOTH, templates(scene), all(&routed).collect())
        },
        Wanted {
            unmarked: true,
            ..entry("burst", BOTH, templates(scene), all(&burst).collect())
        },
        entry("fields", BOTH, core("UPDATE", &fields), everywhere()),
        entry(
            "binding",
            BOTH,
            core("CREATE", &["bindings", "pods/binding"]),
            everywhere(),
        ),
        entry("connect", VALIDATE, core("CONNECT", &connections), everywhere()),
        entry("image-caches", VALIDATE, caches(&["CREATE", "UPDATE"]), nowhere()),
        entry("removal", VALIDATE, removed, everywhere()),
        entry("removal-image-caches", VALIDATE, caches(&["DELETE"]), nowhere()),
        Wanted {
            picked: true,
            ..entry(
                "configuration",
                VALIDATE,
                maps(),
                named(&scene.judge.cluster.release),
            )
        },
    ];
    let marked = entry("marked", BOTH, creations(built_in()), all(&plain).collect());
    let revisions = Wanted {
        unmarked: true,
        ..entry("revisions", BOTH, creations([kind(REVISION)]), everywhere())
    };
    let listed = entry("carriers", BOTH, creations(carriers(scene)), plain);
    wanted.splice(0..0, [marked, revisions, listed]);
    if settings.eci_profile {
        wanted.push(entry("profile", VALIDATE, maps(), named(PROFILE_NAMESPACE)));
    }
    wanted
}

/// The old templates of StatefulSets and DaemonSets, which have an entry of their own
const REVISION: Workload = Workload::ControllerRevision;

/// A kind by its group and resource
type Kind = (String, String);

fn kind(workload: Workload) -> Kind {
    (workload.group().to_owned(), workload.resource().to_owned())
}

fn built_in() -> impl Iterator<Item = Kind> {
    let workloads = Workload::ALL.into_iter().filter(|one| *one != REVISION);
    workloads.map(kind).chain([(String::new(), "pods".to_owned())])
}

fn carriers(scene: &Scene<'_>) -> Vec<Kind> {
    let carriers = scene.judge.configuration.cluster.carriers.iter();
    let kinds = carriers.map(|carrier| (carrier.group.clone(), carrier.resource.clone()));
    kinds.collect()
}

/// Creations and changes of these kinds
fn creations(kinds: impl IntoIterator<Item = Kind>) -> Vec<(&'static str, String, String)> {
    let kinds: BTreeSet<Kind> = kinds.into_iter().collect();
    let asked = |operation: &'static str| {
        kinds
            .iter()
            .map(move |(group, resource)| (operation, group.clone(), resource.clone()))
    };
    asked("CREATE").chain(asked("UPDATE")).collect()
}

/// Creations and changes of everything that makes pods
fn templates(scene: &Scene<'_>) -> Vec<(&'static str, String, String)> {
    creations(built_in().chain(carriers(scene)))
}

fn all(places: &[Place]) -> impl Iterator<Item = Place> {
    places.iter().map(|place| Place {
        said: place.said.clone(),
        labels: place.labels.clone(),
    })
}

impl Place {
    fn named(name: &str) -> Self {
        Self {
            said: format!("namespace {name}"),
            labels: BTreeMap::from([(NAME_LABEL.to_owned(), name.to_owned())]),
        }
    }

    /// A namespace that is yet to be made
    fn with(said: String, labels: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut place = Self::named("any-other");
        place.labels.extend(labels);
        Self { said, ..place }
    }
}

/// Namespaces whose pods go to ECI by marks of their own, by the namespace's labels, and without anything to be seen:
/// those that are there, and one of each that may come
fn places(scene: &Scene<'_>) -> [Vec<Place>; 3] {
    let cluster = scene.judge.cluster;
    let settings = &scene.judge.configuration.cluster;
    let new = || Place::with("new namespaces".to_owned(), []);
    let mut plain = vec![new()];
    let mut routed: Vec<Place> = NAMESPACE_ROUTES
        .into_iter()
        .map(|(key, value)| {
            Place::with(
                format!("namespaces with {key}={value}"),
                [(key.to_owned(), value.to_owned())],
            )
        })
        .collect();
    let mut burst: Vec<Place> = match settings.serverless {
        true => vec![new()],
        false => settings.burst_namespaces.iter().filter_map(example).collect(),
    };
    for (name, meta) in cluster
        .snapshot
        .namespaces
        .iter()
        .filter(|(name, _)| !cluster.is_exempt(name))
    {
        let place = Place {
            said: format!("namespace {name}"),
            labels: meta.labels.clone(),
        };
        let has = |(key, value): (&str, &str)| meta.labels.get(key).is_some_and(|found| found == value);
        if NAMESPACE_ROUTES.into_iter().any(has) {
            routed.push(place);
        } else if settings.serverless
            || settings
                .burst_namespaces
                .iter()
                .any(|one| one.matches(&meta.labels))
        {
            burst.push(place);
        } else {
            plain.push(place);
        }
    }
    [plain, routed, burst]
}

/// A namespace that a selector fits
fn example(selector: &LabelSelector) -> Option<Place> {
    let labels = selector
        .requirements()
        .iter()
        .filter_map(|requirement| match &requirement.operator {
            LabelOperator::In(values) => Some((requirement.key.clone(), values.first()?.clone())),
            LabelOperator::Exists => Some((requirement.key.clone(), "any".to_owned())),
            LabelOperator::NotIn(_) | LabelOperator::DoesNotExist => None,
        });
    let place = Place::with("burst namespaces".to_owned(), labels);
    selector.matches(&place.labels).then_some(place)
}

/// Entries that the API server cannot ask, since nothing says whom to trust
fn without_authority(scene: &Scene<'_>, webhooks: &Webhooks) -> Vec<Finding> {
    let finding = |path: &Webhook| {
        let entries = webhooks.entries().iter();
        let bare = entries.filter(|entry| entry.path == *path && !entry.has_authority);
        let names: Vec<&str> = bare.map(|entry| entry.name.as_str()).collect();
        (!names.is_empty()).then(|| Finding {
            check: Check::Rules,
            place: configuration(scene, *path),
            what: format!("caBundle is empty, so that no call succeeds: {}", shown(names)),
            advice: "see who has to write it: certificate.source of the chart, and what a GitOps tool may leave alone"
                .to_owned(),
        })
    };
    BOTH.iter().filter_map(finding).collect()
}

/// Entries that let requests of enforced namespaces pass while ramgate does not answer
fn failing_open(scene: &Scene<'_>, webhooks: &Webhooks) -> Vec<Finding> {
    let Some(modes) = scene.modes else {
        return Vec::new();
    };
    let cluster = scene.judge.cluster;
    let enforced: Vec<_> = cluster
        .snapshot
        .namespaces
        .iter()
        .filter(|(name, _)| modes.of(name) == Mode::Enforce && !cluster.is_exempt(name))
        .collect();
    let is_open = |entry: &Entry| {
        let is_cluster_wide = entry.covers(Asked {
            operation: "CREATE",
            group: "eci.alibabacloud.com",
            resource: "imagecaches",
        });
        let guards = match is_cluster_wide {
            true => modes.default == Mode::Enforce,
            false => enforced.iter().any(|(_, meta)| entry.admits(&meta.labels)),
        };
        entry.ignores_failure && guards && !may_fail_open(entry)
    };
    let finding = |path: &Webhook| {
        let entries = webhooks.entries().iter();
        let open = entries.filter(|entry| entry.path == *path && is_open(entry));
        let names: Vec<&str> = open.map(|entry| entry.name.as_str()).collect();
        (!names.is_empty()).then(|| Finding {
            check: Check::Rules,
            place: configuration(scene, *path),
            what: format!(
                "failurePolicy is Ignore in enforced namespaces, so that an outage of ramgate is a way around it: {}",
                shown(names)
            ),
            advice: "set webhooks.*.failurePolicy of the chart to Fail".to_owned(),
        })
    };
    BOTH.iter().filter_map(finding).collect()
}

/// Entries that are not as the chart installed them
fn changed(scene: &Scene<'_>, webhooks: &Webhooks) -> Option<Finding> {
    let differences = webhooks.differences();
    (!differences.is_empty()).then(|| Finding {
        check: Check::Rules,
        place: format!("webhook configurations {}", scene.webhook_configuration),
        what: format!("they are not as they were installed: {}", told(differences)),
        advice: "find out who changed them, and install the chart again with --force-conflicts".to_owned(),
    })
}

/// Whether an entry is about what an outage may never hold up: removals, and repairs of the configuration
fn may_fail_open(entry: &Entry) -> bool {
    let about = |operation, group, resource| {
        entry.covers(Asked {
            operation,
            group,
            resource,
        })
    };
    about("DELETE", "", "pods")
        || about("CREATE", "", "pods/eviction")
        || about("DELETE", "eci.alibabacloud.com", "imagecaches")
        || about("UPDATE", "", "configmaps")
}
