//! Where the key comes from: the environment, or a role that the pod's own token may assume (RRSA).

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use crate::alibaba_cloud::access_key::AccessKey;
use crate::alibaba_cloud::secret_text::SecretText;

/// The variables of an AccessKey
const KEY_ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
const KEY_SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const SECURITY_TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";
/// The variables of RRSA
const ROLE_ARN: &str = "ALIBABA_CLOUD_ROLE_ARN";
const PROVIDER_ARN: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";

/// The longest OIDC token that STS takes
const MAX_OIDC_TOKEN: usize = 20_000;

/// How long before its expiry a token is renewed: longer than one call with all its retries takes
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// What every run needs to sign
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CredentialSource {
    /// A key of the environment
    Key(AccessKey),
    /// A role, assumed with the token in a file
    Oidc(OidcRole),
}

/// A role that an OIDC token may assume
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OidcRole {
    pub(crate) role_arn: String,
    pub(crate) provider_arn: String,
    /// The pod's projected token; the kubelet renews it, so it is read for each token of STS
    pub(crate) token_file: PathBuf,
}

/// A key and the time from which it must not be used
#[derive(Clone, Debug)]
pub(super) struct IssuedKey {
    pub(super) key: AccessKey,
    renew_at: Timestamp,
}

/// STS' answer to AssumeRoleWithOIDC
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedRole {
    credentials: StsCredentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StsCredentials {
    access_key_id: String,
    access_key_secret: String,
    security_token: String,
    expiration: Timestamp,
}

impl CredentialSource {
    /// The source that the environment names
    ///
    /// ```text
    /// ALIBABA_CLOUD_ACCESS_KEY_ID, _ACCESS_KEY_SECRET, perhaps _SECURITY_TOKEN -> Key
    /// ALIBABA_CLOUD_ROLE_ARN, _OIDC_PROVIDER_ARN, _OIDC_TOKEN_FILE             -> Oidc
    /// a part of one, both, or none                                             -> error
    /// ```
    ///
    /// # Errors
    /// What is missing, or too much.
    pub(crate) fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let key = [KEY_ID, KEY_SECRET].map(get);
        let role = [ROLE_ARN, PROVIDER_ARN, TOKEN_FILE].map(get);
        match (key, role) {
            ([Some(id), Some(secret)], [None, None, None]) => Ok(Self::Key(AccessKey {
                id: SecretText::new(id),
                secret: SecretText::new(secret),
                token: get(SECURITY_TOKEN).map(SecretText::new),
            })),
            ([None, None], [Some(role_arn), Some(provider_arn), Some(token_file)]) => {
                Ok(Self::Oidc(OidcRole {
                    role_arn,
                    provider_arn,
                    token_file: token_file.into(),
                }))
            }
            ([None, None], [None, None, None]) => Err(format!(
                "there are no credentials: set {ROLE_ARN}, {PROVIDER_ARN} and {TOKEN_FILE} (RRSA), or {KEY_ID} and {KEY_SECRET}"
            )),
            ([None, None], _) => Err(format!(
                "{ROLE_ARN}, {PROVIDER_ARN} and {TOKEN_FILE} are set together"
            )),
            (_, [None, None, None]) => Err(format!("{KEY_ID} and {KEY_SECRET} are set together")),
            _ => Err(format!(
                "both {KEY_ID} and {ROLE_ARN} belong to credentials: set one kind of them"
            )),
        }
    }
}

impl OidcRole {
    /// The account that the role belongs to
    ///
    /// ```text
    /// acs:ram::1234567890123456:role/ramgate-sync -> 1234567890123456
    /// ```
    pub(super) fn account(&self) -> Option<&str> {
        self.role_arn.strip_prefix("acs:ram::")?.split(':').next()
    }

    /// The pod's token as it is now
    ///
    /// # Errors
    /// The file cannot be read, or holds no token that STS takes.
    pub(super) fn token(&self) -> Result<SecretText, String> {
        let file = self.token_file.display();
        let text =
            fs::read_to_string(&self.token_file).map_err(|error| format!("{TOKEN_FILE} {file}: {error}"))?;
        let token = text.trim();
        // STS' own bounds
        if !(4..=MAX_OIDC_TOKEN).contains(&token.len()) {
            return Err(format!(
                "{TOKEN_FILE} {file}: a token has 4 to {MAX_OIDC_TOKEN} characters"
            ));
        }
        Ok(SecretText::new(token))
    }
}

impl IssuedKey {
    /// Reads STS' answer
    ///
    /// # Errors
    /// A part is missing or empty, or the token has expired already.
    pub(super) fn read(answer: &[u8], now: Timestamp) -> Result<Self, String> {
        // The text of the error would repeat what was read
        let assumed: AssumedRole =
            serde_json::from_slice(answer).map_err(|_| "STS gives no complete credentials".to_owned())?;
        let given = assumed.credentials;
        let parts = [
            &given.access_key_id,
            &given.access_key_secret,
            &given.security_token,
        ];
        if parts.iter().any(|part| part.is_empty()) {
            return Err("STS gives no complete credentials".to_owned());
        }
        let renew_at = given
            .expiration
            .saturating_sub(RENEW_BEFORE)
            .unwrap_or(given.expiration);
        if given.expiration <= now {
            return Err(format!(
                "STS gives a token that expired at {}: is this clock right?",
                given.expiration
            ));
        }
        Ok(Self {
            key: AccessKey {
                id: SecretText::new(given.access_key_id),
                secret: SecretText::new(given.access_key_secret),
                token: Some(SecretText::new(given.security_token)),
            },
            renew_at,
        })
    }

    /// Whether it may still be used
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.renew_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(variables: &[(&str, &str)]) -> Result<CredentialSource, String> {
        CredentialSource::from_environment(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const ROLE: [(&str, &str); 3] = [
        (ROLE_ARN, "acs:ram::12:role/r"),
        (PROVIDER_ARN, "p"),
        (TOKEN_FILE, "/t"),
    ];

    #[test]
    fn one_complete_kind_of_credentials_counts() {
        let key = source(&[(KEY_ID, "i"), (KEY_SECRET, "s"), (SECURITY_TOKEN, "t")]).unwrap();
        assert!(
            matches!(&key, CredentialSource::Key(key) if key.token.is_some()),
            "{key:?}"
        );
        let role = source(&ROLE).unwrap();
        assert!(
            matches!(&role, CredentialSource::Oidc(role) if role.account() == Some("12")),
            "{role:?}"
        );
        for variables in [
            &[][..],
            &[(KEY_ID, "i")],
            &[(KEY_ID, "i"), (KEY_SECRET, "")],
            &ROLE[..2],
            &[ROLE[0], ROLE[1], ROLE[2], (KEY_ID, "i"), (KEY_SECRET, "s")],
            &[ROLE[0], (KEY_ID, "i"), (KEY_SECRET, "s")],
        ] {
            assert!(source(variables).is_err(), "{variables:?}");
        }
    }

    fn answer(expiration: &str) -> String {
        format!(
            r#"{{"RequestId":"R","Credentials":{{"AccessKeyId":"STS.a","AccessKeySecret":"sec","SecurityToken":"tok","Expiration":"{expiration}"}}}}"#
        )
    }

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let issued = IssuedKey::read(answer("2026-01-01T01:00:00Z").as_bytes(), now).unwrap();
        assert!(issued.is_fresh(now));
        assert!(issued.is_fresh("2026-01-01T00:54:59Z".parse().unwrap()));
        assert!(!issued.is_fresh("2026-01-01T00:55:00Z".parse().unwrap()));
        let error = IssuedKey::read(answer("2025-12-31T23:59:59Z").as_bytes(), now).unwrap_err();
        assert!(error.contains("expired at 2025-12-31T23:59:59Z"), "{error}");
    }

    #[test]
    fn half_credentials_are_refused_without_repeating_them() {
        let now = Timestamp::UNIX_EPOCH;
        for text in [
            r#"{"Credentials":{"AccessKeyId":"STS.a","AccessKeySecret":"sec","SecurityToken":"tok"}}"#
                .to_owned(),
            answer("2026-01-01T01:00:00Z").replace("tok", ""),
            answer("soon"),
            "<html>sec</html>".to_owned(),
        ] {
            let error = IssuedKey::read(text.as_bytes(), now).unwrap_err();
            assert_eq!(error, "STS gives no complete credentials");
        }
        let issued = IssuedKey::read(answer("2026-01-01T01:00:00Z").as_bytes(), now).unwrap();
        let shown = format!("{issued:?}");
        assert!(
            !shown.contains("sec\"") && !shown.contains("tok\"") && !shown.contains("STS.a"),
            "{shown}"
        );
    }

    #[test]
    fn a_token_of_the_pod_has_the_length_that_sts_takes() {
        let folder = tempfile::tempdir().unwrap();
        let token_file = folder.path().join("token");
        let role = OidcRole {
            role_arn: String::new(),
            provider_arn: String::new(),
            token_file: token_file.clone(),
        };
        assert!(role.token().is_err());
        for (length, is_good) in [
            (0, false),
            (3, false),
            (4, true),
            (MAX_OIDC_TOKEN, true),
            (MAX_OIDC_TOKEN + 1, false),
        ] {
            fs::write(&token_file, "t".repeat(length)).unwrap();
            assert_eq!(role.token().is_ok(), is_good, "{length}");
        }
    }
}
