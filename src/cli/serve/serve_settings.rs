//! Checks all flags of `serve` together and reports every mistake.

pub(crate) mod certificate_source;
mod mistakes;
mod namespace_override;
pub(crate) mod ports;
pub(crate) mod serve_args;

use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;
use tracing_subscriber::EnvFilter;

use crate::admission::Modes;
use crate::authorization::Exemptions;
use crate::cli::serve::serve_settings::certificate_source::CertificateSource;
use crate::cli::serve::serve_settings::mistakes::{Checked, Mistakes};
use crate::cli::serve::serve_settings::namespace_override::by_namespace;
use crate::cli::serve::serve_settings::ports::Ports;
use crate::cli::serve::serve_settings::serve_args::ServeArgs;
use crate::server::limits::ReviewLimits;
use crate::telemetry::log;
use crate::telemetry::log::LogFormat;

/// Milliseconds; the deadline must stay below the longest `timeoutSeconds` of a webhook, 30 s
const LONGEST_DEADLINE: u64 = 29_999;

/// No machine can run more evaluations at once
const MOST_INFLIGHT: usize = 10_000;

/// Milliseconds; longer than any pod is given to end
const LONGEST_DELAY: u64 = 600_000;

/// Seconds; several watch calls must fit in before they are stale
const SHORTEST_STALE: u64 = 20;

/// Seconds, a day; rights that are missing for longer are not missing by accident
const LONGEST_STALE: u64 = 86_400;

/// The settings of `serve`, free of contradictions
#[derive(Debug)]
pub(super) struct ServeSettings {
    pub(super) source: Source,
    pub(super) ports: Ports,
    pub(super) modes: Modes,
    /// Exemptions of the authorization webhook; `None` if it is off
    pub(super) authorize: Option<Exemptions>,
    pub(super) limits: ReviewLimits,
    pub(super) shutdown_delay: Duration,
    pub(super) certificate: CertificateSource,
    pub(super) cluster: ClusterSettings,
    pub(super) log_format: LogFormat,
    pub(super) log_filter: EnvFilter,
}

/// Where configuration comes from
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Documents in a folder
    Folder {
        folder: PathBuf,
        /// Another one with candidates
        candidates: Option<PathBuf>,
    },
    /// ConfigMaps of a namespace
    Cluster {
        /// The namespace
        namespace: String,
    },
}

/// The settings that apply only with a cluster
#[derive(Debug)]
pub(super) struct ClusterSettings {
    pub(super) stamp_secret: String,
    pub(super) stamp_upgrade_after: Duration,
    pub(super) webhook_configuration: Option<String>,
    pub(super) installed_webhooks: Option<String>,
    pub(super) cluster_config: Option<String>,
    pub(super) stale_after: Duration,
    pub(super) real_node_names: Option<Regex>,
}

impl ServeArgs {
    /// Checks all flags together
    ///
    /// # Errors
    /// Every mistake, a sentence each.
    pub(super) fn check(self) -> Result<ServeSettings, Vec<String>> {
        let mut mistakes = Mistakes::default();
        let source = mistakes.collect(self.source());
        let ports = mistakes.collect(self.ports.check());
        let modes = mistakes.collect(self.modes());
        let limits = mistakes.collect(self.limits());
        let certificate = mistakes.collect(certificate_source::check(&self));
        let log_filter = mistakes.collect(self.log_filter());
        let real_node_names = mistakes.collect(self.real_node_names());
        let shutdown_delay = mistakes.collect(self.shutdown_delay());
        let stale_after = mistakes.collect(self.stale_after());
        let complete = mistakes.collect(self.dependent_flags());
        let checked = || {
            complete?;
            let cluster = ClusterSettings {
                stamp_secret: self.stamp_secret,
                stamp_upgrade_after: Duration::from_secs(self.stamp_upgrade_after),
                webhook_configuration: self.webhook_configuration,
                installed_webhooks: self.installed_webhooks,
                cluster_config: self.cluster_config,
                stale_after: stale_after?,
                real_node_names: real_node_names?,
            };
            Some(ServeSettings {
                source: source?,
                ports: ports?,
                modes: modes?,
                authorize: self.authorize.then_some(Exemptions { own: self.namespace }),
                limits: limits?,
                shutdown_delay: shutdown_delay?,
                certificate: certificate?,
                cluster,
                log_format: self.log_format,
                log_filter: log_filter?,
            })
        };
        checked().ok_or_else(|| mistakes.into_sentences())
    }

    fn source(&self) -> Checked<Source> {
        match (&self.config_dir, &self.namespace) {
            (Some(folder), None) => Ok(Source::Folder {
                folder: folder.clone(),
                candidates: self.candidate_dir.clone(),
            }),
            (None, Some(namespace)) => Ok(Source::Cluster {
                namespace: namespace.clone(),
            }),
            (None, None) => Err(vec![
                "give --config-dir or --namespace: the configuration must come from somewhere".into(),
            ]),
            (Some(_), Some(_)) => Err(vec!["--config-dir and --namespace exclude each other".into()]),
        }
    }

    fn modes(&self) -> Checked<Modes> {
        let mut mistakes = Mistakes::default();
        let namespaces = mistakes.collect(by_namespace("--namespace-mode", &self.namespace_mode));
        let effects = mistakes.collect(by_namespace(
            "--namespace-stamp-contents",
            &self.namespace_stamp_contents,
        ));
        match namespaces.zip(effects) {
            Some((namespaces, namespace_on_difference)) => Ok(Modes {
                default: self.mode,
                namespaces,
                on_difference: self.stamp_contents,
                namespace_on_difference,
            }),
            None => Err(mistakes.into_sentences()),
        }
    }

    fn limits(&self) -> Checked<ReviewLimits> {
        let mut mistakes = Vec::new();
        if self.deadline == 0 || self.deadline > LONGEST_DEADLINE {
            mistakes.push(format!(
                "--deadline must be 1 to {LONGEST_DEADLINE} ms: a webhook is given 30 s at most"
            ));
        }
        if self.max_inflight == 0 || self.max_inflight > MOST_INFLIGHT {
            mistakes.push(format!("--max-inflight must be 1 to {MOST_INFLIGHT}"));
        }
        let limits = ReviewLimits::new(
            self.max_inflight.min(MOST_INFLIGHT),
            Duration::from_millis(self.deadline),
        );
        mistakes::unless(mistakes, limits)
    }

    fn log_filter(&self) -> Checked<EnvFilter> {
        log::filter(&self.log_level).map_err(|error| vec![format!("--log-level: {error}")])
    }

    /// The names of real nodes, matched as a whole
    fn real_node_names(&self) -> Checked<Option<Regex>> {
        let pattern = self.real_node_names.as_ref();
        pattern
            .map(|pattern| Regex::new(&format!("^(?:{pattern})$")))
            .transpose()
            .map_err(|error| vec![format!("--real-node-names: {error}")])
    }

    fn shutdown_delay(&self) -> Checked<Duration> {
        if self.shutdown_delay_ms > LONGEST_DELAY {
            return Err(vec![format!(
                "--shutdown-delay-ms must be at most {LONGEST_DELAY}"
            )]);
        }
        Ok(Duration::from_millis(self.shutdown_delay_ms))
    }

    fn stale_after(&self) -> Checked<Duration> {
        if !(SHORTEST_STALE..=LONGEST_STALE).contains(&self.stale_after) {
            return Err(vec![format!(
                "--stale-after must be {SHORTEST_STALE} to {LONGEST_STALE} s"
            )]);
        }
        Ok(Duration::from_secs(self.stale_after))
    }

    /// Checks flags that are of use only with another one
    fn dependent_flags(&self) -> Checked<()> {
        let mut mistakes = Vec::new();
        if self.installed_webhooks.is_some() && self.webhook_configuration.is_none() {
            mistakes
                .push("--installed-webhooks needs --webhook-configuration, which it is held against".into());
        }
        if self.cluster_config.is_some() && self.namespace.is_none() {
            mistakes.push("--cluster-config needs --namespace, where the ConfigMap is".into());
        }
        mistakes::unless(mistakes, ())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::admission::Mode;
    use crate::admission::outcome::mode::OnDifference;
    use crate::cli::serve::serve_settings::certificate_source::LOCAL_NAMES;
    use crate::cli::serve::serve_settings::ports::ClientCaSettings;
    use crate::server::peers::Peers;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn parsed(flags: &[&str]) -> Result<ServeSettings, Vec<String>> {
        let args = Command::try_parse_from(["serve"].iter().chain(flags));
        args.map_err(|error| vec![error.to_string()])?.args.check()
    }

    #[test]
    fn a_folder_is_enough() {
        let settings = parsed(&["--config-dir", "here"]).unwrap();
        let folder = |candidates: Option<&str>| Source::Folder {
            folder: "here".into(),
            candidates: candidates.map(PathBuf::from),
        };
        assert_eq!(settings.source, folder(None));
        let both = parsed(&["--config-dir", "here", "--candidate-dir", "next"]).unwrap();
        assert_eq!(both.source, folder(Some("next")));
        assert!(parsed(&["--namespace", "n", "--candidate-dir", "next"]).is_err());
        assert_eq!(
            (settings.ports.listen.port(), settings.ports.admin_listen.port()),
            (8443, 8080)
        );
        assert!(settings.ports.probe_listen.is_none() && settings.ports.client_ca.is_none());
        assert_eq!(settings.ports.peers, Peers::default());
        assert_eq!(settings.modes, Modes::everywhere(Mode::Warn));
        assert_eq!(
            (settings.limits.inflight, settings.limits.deadline.as_millis()),
            (64, 2500)
        );
        let CertificateSource::SelfMade(certificate) = settings.certificate else {
            panic!()
        };
        assert_eq!(certificate.names, LOCAL_NAMES);
        assert_eq!((certificate.secret, certificate.ca_file), (None, None));
    }

    #[test]
    fn a_cluster_brings_its_secret_and_webhooks() {
        let settings = parsed(&[
            "--namespace=ramgate",
            "--mode=enforce",
            "--namespace-mode=a=audit",
            "--namespace-mode=b=warn",
            "--stamp-contents=refuse",
            "--namespace-stamp-contents=a=record",
            "--stamp-upgrade-after=60",
            "--tls-secret=ramgate-ca",
            "--tls-name=ramgate.ramgate.svc",
            "--webhook-configuration=ramgate",
        ])
        .unwrap();
        assert_eq!(
            (settings.modes.of("a"), settings.modes.of("b")),
            (Mode::Audit, Mode::Warn)
        );
        assert_eq!(settings.modes.of("c"), Mode::Enforce);
        assert_eq!(
            ["a", "c"].map(|namespace| settings.modes.on_difference_in(namespace)),
            [OnDifference::Record, OnDifference::Refuse]
        );
        assert_eq!(settings.cluster.stamp_upgrade_after.as_secs(), 60);
        let CertificateSource::SelfMade(certificate) = settings.certificate else {
            panic!()
        };
        assert_eq!(certificate.names, ["ramgate.ramgate.svc"]);
        let secret = certificate.secret.unwrap();
        assert_eq!(
            (secret.namespace.as_str(), secret.name.as_str()),
            ("ramgate", "ramgate-ca")
        );
        assert_eq!(secret.webhook_configuration.as_deref(), Some("ramgate"));
    }

    #[test]
    fn clients_are_admitted_by_network_and_certificate() {
        let settings = parsed(&[
            "--config-dir=x",
            "--probe-listen=127.0.0.1:8081",
            "--peer=10.0.0.0/8",
            "--peer=2001:db8::/32",
            "--client-ca-file=ca.crt",
            "--client-name=kube-apiserver",
            "--client-name=api.example.com",
        ])
        .unwrap();
        assert_eq!(
            settings.ports.probe_listen.map(|address| address.port()),
            Some(8081)
        );
        let admitted = ["10.1.2.3", "2001:db8::1", "11.0.0.1"]
            .map(|address| settings.ports.peers.admit(address.parse().unwrap()));
        assert_eq!(admitted, [true, true, false]);
        assert_eq!(
            settings.ports.client_ca,
            Some(ClientCaSettings {
                file: "ca.crt".into(),
                names: vec!["kube-apiserver".into(), "api.example.com".into()],
            })
        );
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let mistakes = parsed(&[
            "--deadline=0",
            "--max-inflight=0",
            "--shutdown-delay-ms=600001",
            "--stale-after=19",
            "--tls-cert-file=a",
            "--tls-key-file=b",
            "--tls-secret=c",
            "--tls-name=d",
            "--real-node-names=(",
            "--ca-file=f",
            "--log-level=ramgate=loud",
            "--namespace-mode=a=warn",
            "--namespace-mode=a=audit",
        ])
        .unwrap_err();
        for words in [
            "give --config-dir or --namespace",
            "`a`",
            "--deadline must be 1 to 29999 ms",
            "--max-inflight must be 1 to",
            "--tls-secret is for the self-made",
            "--tls-name is for",
            "--real-node-names: regex parse error",
            "--ca-file is for",
            "--log-level: `ramgate=loud`",
            "--shutdown-delay-ms must be at most",
            "--stale-after must be 20 to 86400 s",
        ] {
            assert!(
                mistakes.iter().any(|mistake| mistake.contains(words)),
                "{words}: {mistakes:#?}"
            );
        }
        assert_eq!(mistakes.len(), 11);
    }

    #[test]
    fn flags_that_need_each_other_say_so() {
        for (flags, words) in [
            (&["--namespace=a"][..], "exclude each other"),
            (&["--tls-cert-file=a"], "needs --tls-key-file"),
            (&["--tls-key-file=a"], "needs --tls-cert-file"),
            (&["--tls-secret=a"], "needs --namespace"),
            (&["--webhook-configuration=a"], "needs --tls-secret"),
            (&["--cluster-config=a"], "needs --namespace"),
            (&["--installed-webhooks=a"], "needs --webhook-configuration"),
            (&["--tls-name=a\u{e9}"], "--tls-name `a\u{e9}`"),
            (&["--namespace-mode=audit"], "`audit` is not NS=VALUE"),
            (&["--namespace-mode=a=loud"], "`loud` is not a mode"),
            (&["--namespace-mode=Team=warn"], "`Team` is no namespace"),
            (
                &["--namespace-stamp-contents=team-*=record"],
                "`team-*` is no namespace",
            ),
            (&["--mode=loud"], "`loud` is not a mode"),
            (&["--stamp-contents=deny"], "write record or refuse"),
            (&["--namespace-stamp-contents=a=deny"], "write record or refuse"),
            (&["--client-name=a"], "needs --client-ca-file"),
            (&["--peer=10.0.0.0"], "`10.0.0.0` is no network"),
            (&["--peer=10.0.0.1/8"], "write 10.0.0.0/8"),
        ] {
            let flags: Vec<_> = ["--config-dir=x"].iter().chain(flags).copied().collect();
            let mistakes = parsed(&flags).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
            assert!(mistakes[0].contains(words), "{words}: {mistakes:#?}");
        }
    }
}
