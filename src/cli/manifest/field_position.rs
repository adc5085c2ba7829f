//! The position of a field in a manifest.

use crate::cli::manifest::Manifest;
use ram_policy::source::{Node, Position, Value};

impl Manifest {
    /// The position of the key at a path, or of the last key on the way that is there; a name with points is in brackets
    ///
    /// ```text
    /// spec.template.metadata.annotations[k8s.aliyun.com/eci-custom-tags]   ->   the line of that annotation,
    ///                                                        else of `annotations:`, else of `metadata:`
    /// ```
    pub(in crate::cli) fn position_of(&self, path: &str) -> Position {
        let mut at = self.at();
        let mut node = &self.node;
        for step in steps(path) {
            let Some((found, next)) = child(node, step) else {
                break;
            };
            at = found;
            node = next;
        }
        at
    }
}

/// `a.b[c.d/e].0` as `a`, `b`, `c.d/e`, `0`
fn steps(path: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    for part in path.split_inclusive(']') {
        // Points within brackets belong to the name
        let (plain, bracketed) = match part.split_once('[') {
            Some((plain, rest)) => (plain, rest.strip_suffix(']')),
            None => (part, None),
        };
        steps.extend(plain.split('.').filter(|step| !step.is_empty()));
        steps.extend(bracketed);
    }
    steps
}

/// The position of a step's key or item, and what is there
fn child<'n>(node: &'n Node, step: &str) -> Option<(Position, &'n Node)> {
    match &node.value {
        Value::Map(entries) => {
            let (key, value) = entries.iter().find(|(key, _)| key.text == step)?;
            Some((key.at, value))
        }
        Value::List(items) => {
            let item = items.get(step.parse::<usize>().ok()?)?;
            Some((item.at, item))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn position(path: &str) -> String {
        let text = "kind: Job\nspec:\n  template:\n    metadata:\n      annotations:\n        a.b/c: x\n    tasks:\n    - name: n\n      labels: {l: '1'}\n";
        let node = yaml::parse(text).unwrap().remove(0);
        let manifest = Manifest {
            file: "f.yaml".to_owned(),
            object: node.to_json(),
            node,
        };
        manifest.position_of(path).to_string()
    }

    #[test]
    fn a_path_leads_to_its_key() {
        assert_eq!(position("spec.template.metadata.annotations[a.b/c]"), "6:9");
        assert_eq!(position("spec.template.tasks[0].labels"), "9:7");
        assert_eq!(position("spec.template.tasks.0.labels"), "9:7");
    }

    #[test]
    fn what_is_not_there_is_where_it_belongs() {
        assert_eq!(position("spec.template.metadata.annotations[d.e/f]"), "5:7");
        assert_eq!(position("spec.template.metadata.labels[d]"), "4:5");
        assert_eq!(position("spec.template.tasks[7].labels"), "7:5");
        assert_eq!(position("metadata.annotations[a]"), "1:1");
        assert_eq!(position(""), "1:1");
    }
}
