//! A change of ACK's eci-profile: whoever writes a selector must be allowed to make what it makes of pods.

use serde::Deserialize;

use crate::admission::evaluate::{Case, call};
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::eci_profile;
use crate::kubernetes::eci_profile::{Profile, Selector};
use crate::kubernetes::strings::Pairs;
use eci_calls::Tags;

/// How many selectors are told of one by one
const SHOWN: usize = 5;

impl Case<'_> {
    pub(crate) fn profile_change(&self) -> Evaluation {
        let mut evaluation = Evaluation {
            verb: Some(Verb::Update),
            principal: self.requester(),
            ..Evaluation::default()
        };
        if self.asks_for_control_plane() {
            return Evaluation::default();
        }
        // What was there before and cannot be read gave nobody anything
        let old = read(self.review.old_object()).unwrap_or_default();
        let new = match read(self.review.object()) {
            Ok(new) => new,
            Err(problem) => {
                evaluation.findings.push(Finding::Profile(problem));
                return evaluation;
            }
        };
        let changed: Vec<&Selector> = new
            .selectors()
            .iter()
            .filter(|selector| !old.selectors().contains(selector))
            .collect();
        evaluation
            .warnings
            .extend(changed.iter().take(SHOWN).map(|selector| selector.described()));
        for selector in changed {
            match Fields::from_texts(&selector.texts()) {
                Ok(fields) => {
                    let mut call = call::create(&fields, self.configuration, "");
                    // It is not said in which namespace
                    call.extra_tags = Tags::default();
                    evaluation.fields = fields;
                    self.judge(&mut evaluation, &call, &Meta::default());
                }
                Err(malformed) => evaluation
                    .findings
                    .extend(malformed.iter().map(|one| Finding::Profile(one.to_string()))),
            }
        }
        evaluation
    }
}

/// The profile that a ConfigMap holds; one that is not there holds nothing
fn read(json: Option<&str>) -> Result<Profile, String> {
    #[derive(Deserialize)]
    struct ConfigMap<'a> {
        #[serde(borrow, default)]
        data: Pairs<'a>,
    }
    let Some(json) = json else {
        return Ok(Profile::default());
    };
    let map: ConfigMap<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Profile::read(map.data.value(eci_profile::SELECTORS)).map_err(|error| error.to_string())
}
