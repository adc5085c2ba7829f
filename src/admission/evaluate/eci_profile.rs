//! A change of ACK's eci-profile. Its author must be allowed to create the pods that a new selector makes.

use serde::Deserialize;

use crate::admission::evaluate::{EvaluationContext, call};
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::admission::outcome::warning::Warning;
use crate::kubernetes::eci_profile::{Profile, SELECTORS, Selector};
use crate::kubernetes::meta::Meta;
use crate::kubernetes::string_map::StringMap;
use eci_calls::Tags;

/// The number of selectors that get a warning each
const MAX_WARNINGS: usize = 5;

impl EvaluationContext<'_> {
    pub(super) fn change_eci_profile(&self) -> Option<Evaluation> {
        if self.is_from_control_plane() {
            return None;
        }
        let evaluation = Evaluation {
            verb: Some(Verb::Update),
            principal: self.requester(),
            ..Evaluation::default()
        };
        let new = match read(self.review.object()) {
            Ok(new) => new,
            Err(problem) => return Some(evaluation.with_findings([Finding::Profile(problem)])),
        };
        // An old profile that cannot be read had no effect
        let old = read(self.review.old_object()).unwrap_or_default();
        let changed: Vec<&Selector> = new
            .selectors()
            .iter()
            .filter(|selector| !old.selectors().contains(selector))
            .collect();
        let warnings = changed.iter().take(MAX_WARNINGS);
        let warnings = warnings.map(|selector| Warning::ProfileSelector((*selector).clone()));
        let evaluation = evaluation.with_warnings(warnings);
        let evaluate = |evaluation, selector: &&Selector| self.evaluate_selector(evaluation, selector);
        Some(changed.iter().fold(evaluation, evaluate))
    }

    /// Adds RAM's decisions on a pod with the effects of a selector
    fn evaluate_selector(&self, evaluation: Evaluation, selector: &Selector) -> Evaluation {
        let fields = match Fields::from_texts(&selector.texts()) {
            Ok(fields) => fields,
            Err(malformed) => {
                let findings = malformed.iter().map(|one| Finding::Profile(one.to_string()));
                return evaluation.with_findings(findings);
            }
        };
        let mut call = call::create(&fields, self.configuration, "");
        // The pods may be in any namespace
        call.extra_tags = Tags::default();
        self.evaluate_call(Evaluation { fields, ..evaluation }, &call, &Meta::default())
    }
}

/// The profile in a ConfigMap; empty if there is no ConfigMap
fn read(json: Option<&str>) -> Result<Profile, String> {
    #[derive(Deserialize)]
    struct ConfigMap<'a> {
        #[serde(borrow, default)]
        data: StringMap<'a>,
    }
    let Some(json) = json else {
        return Ok(Profile::default());
    };
    let map: ConfigMap<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Profile::read(map.data.value(SELECTORS)).map_err(|error| error.to_string())
}
