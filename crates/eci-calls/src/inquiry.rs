//! A call to what is asked about it: ECI's own rules, and the questions that RAM gets.
//!
//! ECI checks parameters before rights, so refusals are found first; every question is asked all the same, so that
//! one look shows everything that stands in the way.

use jiff::Timestamp;

use crate::account::Account;
use crate::call::{Call, Instance};
use crate::condition_key::{CURRENT_TIME, SERVICE, SERVICE_NAME, TagKey, TagSource};
use crate::operation::{Addressed, OperationKind};
use crate::ram_question::{
    ASSUME_ROLE, CREATE_SERVICE_LINKED_ROLE, ECI_SERVICE, INSTANCE_ROLE_SERVICE, PASS_ROLE, Question,
};
use crate::refusal::Refusal;
use crate::tag::Tags;
use ram_policy::{Context, PolicySet, Principal};

/// What a call comes to before RAM has answered
#[derive(Clone, Debug)]
pub(crate) struct Inquiry {
    /// What ECI itself refuses
    pub(crate) refusals: Vec<Refusal>,
    /// What RAM is asked, all of which must be allowed
    pub(crate) questions: Vec<Question>,
    /// Whether a query would show nothing even where it is allowed
    pub(crate) selects_nothing: bool,
}

/// Works out what is asked about a caller's call
pub(crate) fn inquire(
    set: &PolicySet,
    account: &Account,
    principal: &Principal,
    call: &Call,
    now: Timestamp,
) -> Inquiry {
    let mut inquirer = Inquirer {
        set,
        account,
        principal,
        call,
        now,
        refusals: Vec::new(),
        questions: Vec::new(),
    };
    let mut selects_nothing = false;
    match call.operation.kind() {
        OperationKind::Create => inquirer.create(),
        OperationKind::Update => inquirer.update(),
        OperationKind::Query => {
            inquirer.query();
            selects_nothing = inquirer.selects_nothing();
        }
        OperationKind::ById => inquirer.by_id(),
    }
    Inquiry {
        refusals: inquirer.refusals,
        questions: inquirer.questions,
        selects_nothing,
    }
}

struct Inquirer<'a> {
    set: &'a PolicySet,
    account: &'a Account,
    principal: &'a Principal,
    call: &'a Call,
    now: Timestamp,
    refusals: Vec<Refusal>,
    questions: Vec<Question>,
}

impl<'a> Inquirer<'a> {
    fn create(&mut self) {
        let call = self.call;
        let known = call
            .resource_group
            .as_deref()
            .filter(|id| self.account.has_group(id));
        if let (Some(id), None) = (&call.resource_group, known)
            && *self.principal != Principal::Account
        {
            self.refuse(Refusal::unknown_group(id));
        }
        // Absent, and for the account itself also unknown, means the default group (S10, S12).
        let group = known.or_else(|| self.account.default_group());
        let tags = Tags::existing(
            call.tags
                .iter()
                .flat_map(Tags::iter)
                .chain(call.extra_tags.iter())
                .map(owned),
        );
        let context = self.context(&[], &[(TagSource::Request, &tags), (TagSource::Eci, &tags)]);
        self.ask(call.operation.action(), self.resource(None), group, context);
        if let Some(role) = &call.role {
            self.pass_role(role);
        }
        for arn in &call.role_arns {
            self.ask_pass_role(arn.as_str().to_owned());
        }
        if call.operation.needs_service_linked_role() && self.account.lacks_service_linked_role() {
            let context = self.context(&[(SERVICE_NAME, ECI_SERVICE)], &[]);
            let resource = format!("acs:ram:*:{}:role/*", self.set.account());
            self.ask(CREATE_SERVICE_LINKED_ROLE, resource, None, context);
        }
    }

    /// The role must exist, the caller must be let to pass it, and ECS must be let to assume it
    fn pass_role(&mut self, role: &str) {
        if !self.set.has_role(role) {
            self.refuse(Refusal::unknown_role(role));
            return;
        }
        let resource = format!("acs:ram::{}:role/{role}", self.set.account());
        self.ask_pass_role(resource.clone());
        let context = self.context(&[], &[]);
        self.questions.push(Question {
            service: Some(INSTANCE_ROLE_SERVICE),
            ..Question::new(ASSUME_ROLE, resource, None, context)
        });
    }

    /// A role belongs to no resource group, so grants for one do not count
    fn ask_pass_role(&mut self, resource: String) {
        let service: Vec<_> = self
            .account
            .pass_role_service
            .iter()
            .map(|name| (SERVICE, name.as_str()))
            .collect();
        let context = self.context(&service, &[]);
        self.ask(PASS_ROLE, resource, None, context);
    }

    /// Current tags must give the right to change; new tags are asked about as if the resource had them already
    fn update(&mut self) {
        let call = self.call;
        let instance = call.instance.as_ref();
        let current_group = self.group_of(instance);
        if let Some(wanted) = call.resource_group.as_deref()
            && Some(wanted) != current_group
        {
            self.refuse(Refusal::group_change(current_group, Some(wanted)));
        }
        let current_role = instance.and_then(|instance| instance.role.as_deref());
        if let Some(wanted) = call.role.as_deref()
            && !current_role.is_some_and(|current| current.eq_ignore_ascii_case(wanted))
        {
            self.refuse(Refusal::role_change(current_role, Some(wanted)));
        }
        let none = Tags::default();
        let current = instance.map_or(&none, |instance| &instance.tags);
        let resource = self.resource(instance);
        let new = call
            .tags
            .as_ref()
            .map(|tags| Tags::existing(tags.iter().chain(call.extra_tags.iter()).map(owned)));
        let request = new.as_ref().unwrap_or(&none);
        let context = self.context(
            &[],
            &[
                (TagSource::Request, request),
                (TagSource::Resource, current),
                (TagSource::Eci, current),
            ],
        );
        self.ask(call.operation.action(), resource.clone(), current_group, context);
        if let Some(new) = new.as_ref().filter(|new| !new.equals_unordered(current)) {
            let context = self.context(
                &[],
                &[
                    (TagSource::Request, new),
                    (TagSource::Resource, new),
                    (TagSource::Eci, new),
                ],
            );
            self.questions.push(Question {
                about_new_tags: true,
                ..Question::new(call.operation.action(), resource, current_group, context)
            });
        }
    }

    /// One thing, its tags, and its group however it was addressed (S28, S32, S40, S41)
    fn by_id(&mut self) {
        let instance = self.call.instance.as_ref();
        let group = self.group_of(instance);
        if let (Some(given), true) = (self.call.resource_group.as_deref(), instance.is_some())
            && Some(given) != group
        {
            self.refuse(Refusal::other_group(group, given));
        }
        let none = Tags::default();
        let tags = instance.map_or(&none, |instance| &instance.tags);
        let context = self.context(&[], &[(TagSource::Resource, tags), (TagSource::Eci, tags)]);
        self.ask(
            self.call.operation.action(),
            self.resource(instance),
            group,
            context,
        );
    }

    /// What is asked for decides: the filter's tags, the id's tags, the group that is named (S19 to S25, S95 to S102)
    fn query(&mut self) {
        let call = self.call;
        let instance = call.instance.as_ref();
        let none = Tags::default();
        let filter = call.tags.as_ref().unwrap_or(&none);
        let context = match instance.map(|instance| &instance.tags) {
            Some(tags) => self.context(
                &[],
                &[
                    (TagSource::Request, filter),
                    (TagSource::Resource, tags),
                    (TagSource::Eci, tags),
                ],
            ),
            None => self.context(&[], &[(TagSource::Request, filter), (TagSource::Eci, filter)]),
        };
        let group = call
            .resource_group
            .as_deref()
            .filter(|_| call.operation.supports_resource_groups());
        self.ask(call.operation.action(), self.resource(instance), group, context);
    }

    /// A group that does not exist, or that the addressed instance is not in (S21, S25, S39)
    fn selects_nothing(&self) -> bool {
        let Some(group) = self.call.resource_group.as_deref() else {
            return false;
        };
        let elsewhere = self
            .call
            .instance
            .as_ref()
            .is_some_and(|each| self.group_of(Some(each)) != Some(group));
        !self.account.has_group(group) || elsewhere
    }

    fn group_of(&self, instance: Option<&'a Instance>) -> Option<&'a str> {
        let own = match instance {
            Some(instance) => instance.resource_group.as_deref(),
            None => self.call.resource_group.as_deref(),
        };
        own.or_else(|| self.account.default_group())
    }

    /// `KIND/ID`, or `KIND/*` where there is no id
    fn resource(&self, instance: Option<&Instance>) -> String {
        let id = instance
            .and_then(|instance| instance.id.as_deref())
            .unwrap_or("*");
        match self.call.operation.addressed() {
            Addressed::Collection(kind) => {
                format!(
                    "acs:eci:{}:{}:{kind}/{id}",
                    self.account.region,
                    self.set.account()
                )
            }
            Addressed::Nothing => "*".to_owned(),
        }
    }

    /// What holds for every question, then what this one supports_key, then what was given with the call, which wins
    fn context(&self, known: &[(&str, &str)], tags: &[(TagSource, &Tags)]) -> Context {
        let mut context = Context::new();
        context.set(CURRENT_TIME, self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        context.extend(&self.account.context);
        for (key, value) in known {
            context.set(*key, *value);
        }
        for (source, tags) in tags {
            for (tag, value) in tags.iter() {
                let key = TagKey { source: *source, tag };
                context.set(key.to_string(), value);
            }
        }
        context.extend(&self.call.context);
        context
    }

    fn ask(&mut self, action: &'static str, resource: String, group: Option<&str>, context: Context) {
        self.questions
            .push(Question::new(action, resource, group, context));
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refusals.push(refusal);
    }
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}
