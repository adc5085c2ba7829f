//! From a call to the questions that it asks RAM, and to what ECI refuses by its own rules.
//!
//! ECI checks parameters before permissions, so refusals come first. RAM still decides every question, so that one evaluation
//! shows everything that blocks the call.
//!
//! The numbers S1 to S102 are the documented cases in `tests/cases/documented`.

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

/// A call before RAM decides
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// What ECI itself refuses
    pub refusals: Vec<Refusal>,
    /// The questions to RAM, all of which must be allowed
    pub questions: Vec<Question>,
    /// Whether a query selects no resource, so that its result is empty even if RAM allows it
    pub selects_nothing: bool,
}

/// Works out the questions that a caller's call asks RAM, and what ECI refuses by its own rules.
///
/// ```
/// use eci_calls::{Account, Call, Operation, inquire};
/// use ram_policy::{Definition, Document, DocumentKind, PolicySet, Principal, RoleDefinition};
///
/// let trust = br#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
///     "Principal": {"Service": "ecs.aliyuncs.com"}}]}"#;
/// let trust = Document::parse(trust, DocumentKind::Trust)?.document.into();
/// let role = RoleDefinition { name: "App".into(), trust, grants: Vec::new() };
/// let set = PolicySet::compile(Definition { roles: vec![role], ..Default::default() }).unwrap();
/// let (account, alice) = (Account::default(), Principal::User("alice".into()));
///
/// let mut call = Call::new(Operation::CreateContainerGroup);
/// call.role = Some("App".into());
/// let inquiry = inquire(&set, &account, &alice, &call, jiff::Timestamp::UNIX_EPOCH);
/// let actions: Vec<&str> = inquiry.questions.iter().map(|question| question.action).collect();
/// assert_eq!(actions, ["eci:CreateContainerGroup", "ram:PassRole", "sts:AssumeRole"]);
///
/// call.role = Some("Missing".into());
/// let inquiry = inquire(&set, &account, &alice, &call, jiff::Timestamp::UNIX_EPOCH);
/// assert_eq!(inquiry.refusals[0].code, "Forbidden.RamRoleNotExist");
/// # Ok::<(), ram_policy::source::Fault>(())
/// ```
pub fn inquire(
    set: &PolicySet,
    account: &Account,
    principal: &Principal,
    call: &Call,
    now: Timestamp,
) -> Inquiry {
    let inquirer = Inquirer {
        set,
        account,
        principal,
        call,
        now,
    };
    match call.operation.kind() {
        OperationKind::Create => inquirer.create(),
        OperationKind::Update => inquirer.update(),
        OperationKind::Query => inquirer.query(),
        OperationKind::ById => inquirer.by_id(),
    }
}

struct Inquirer<'a> {
    set: &'a PolicySet,
    account: &'a Account,
    principal: &'a Principal,
    call: &'a Call,
    now: Timestamp,
}

impl<'a> Inquirer<'a> {
    /// A create asks about itself with the request's tags, about each role that it passes, and about the service-linked
    /// role that ECI may have to create
    fn create(&self) -> Inquiry {
        let call = self.call;
        let role = call.role.as_deref();
        let missing_role = role.filter(|role| !self.set.has_role(role));
        let refusals = self.unknown_group().into_iter();
        let refusals = refusals.chain(missing_role.map(Refusal::unknown_role));
        let role = role.filter(|_| missing_role.is_none());
        let role = role.map(|role| self.instance_role(role));
        let arns = call.role_arns.iter();
        let questions = [self.create_itself()].into_iter();
        let questions = questions.chain(role.into_iter().flatten());
        let questions = questions.chain(arns.map(|arn| self.pass_role(arn.as_str().to_owned())));
        Inquiry {
            refusals: refusals.collect(),
            questions: questions.chain(self.service_linked_role()).collect(),
            selects_nothing: false,
        }
    }

    fn create_itself(&self) -> Question {
        let call = self.call;
        let sent = call.tags.iter().flat_map(Tags::iter);
        let tags = Tags::existing(sent.chain(call.extra_tags.iter()).map(owned));
        let context = self.context(&[], &[(TagSource::Request, &tags), (TagSource::Eci, &tags)]);
        let known = call.resource_group.as_deref();
        let known = known.filter(|id| self.account.has_group(id));
        // The default group, if the call names none; for the account itself also if it is unknown (S10, S12).
        let group = known.or_else(|| self.account.default_group());
        Question::new(call.operation.action(), self.resource(None), group, context)
    }

    fn unknown_group(&self) -> Option<Refusal> {
        let id = self.call.resource_group.as_deref()?;
        let is_refused = !self.account.has_group(id) && *self.principal != Principal::Account;
        is_refused.then(|| Refusal::unknown_group(id))
    }

    /// The caller must be allowed to pass the instance's role, and ECS to assume it
    fn instance_role(&self, role: &str) -> [Question; 2] {
        let resource = format!("acs:ram::{}:role/{role}", self.set.account());
        let assume = Question {
            service: Some(INSTANCE_ROLE_SERVICE),
            ..Question::new(ASSUME_ROLE, resource.clone(), None, self.context(&[], &[]))
        };
        [self.pass_role(resource), assume]
    }

    /// A role is in no resource group, so only grants for the whole account count
    fn pass_role(&self, resource: String) -> Question {
        let service = self.account.pass_role_service.iter();
        let service: Vec<_> = service.map(|name| (SERVICE, name.as_str())).collect();
        Question::new(PASS_ROLE, resource, None, self.context(&service, &[]))
    }

    fn service_linked_role(&self) -> Option<Question> {
        let is_needed =
            self.call.operation.needs_service_linked_role() && self.account.lacks_service_linked_role();
        is_needed.then(|| {
            let context = self.context(&[(SERVICE_NAME, ECI_SERVICE)], &[]);
            let resource = format!("acs:ram:*:{}:role/*", self.set.account());
            Question::new(CREATE_SERVICE_LINKED_ROLE, resource, None, context)
        })
    }

    /// An update asks with the instance's current tags. If it sets other tags, it asks once more as if the instance
    /// already had them.
    fn update(&self) -> Inquiry {
        let call = self.call;
        let none = Tags::default();
        let instance = call.instance.as_ref();
        let current = instance.map_or(&none, |instance| &instance.tags);
        let new = call.tags.as_ref();
        let new = new.map(|tags| Tags::existing(tags.iter().chain(call.extra_tags.iter()).map(owned)));
        let question = |request: &Tags, resource: &Tags| {
            let tags = [
                (TagSource::Request, request),
                (TagSource::Resource, resource),
                (TagSource::Eci, resource),
            ];
            let (action, group) = (call.operation.action(), self.group_of(instance));
            Question::new(action, self.resource(instance), group, self.context(&[], &tags))
        };
        let first = question(new.as_ref().unwrap_or(&none), current);
        let changed = new.as_ref().filter(|new| !new.equals_unordered(current));
        let second = changed.map(|new| Question {
            about_new_tags: true,
            ..question(new, new)
        });
        Inquiry {
            refusals: self.fixed_fields(),
            questions: [first].into_iter().chain(second).collect(),
            selects_nothing: false,
        }
    }

    /// The refusals of an update that changes the resource group or the role, which ECI cannot change
    fn fixed_fields(&self) -> Vec<Refusal> {
        let call = self.call;
        let instance = call.instance.as_ref();
        let group = self.group_of(instance);
        let other_group = call.resource_group.as_deref();
        let other_group = other_group.filter(|wanted| Some(*wanted) != group);
        let role = instance.and_then(|instance| instance.role.as_deref());
        let other_role = call.role.as_deref();
        let other_role =
            other_role.filter(|wanted| !role.is_some_and(|role| role.eq_ignore_ascii_case(wanted)));
        let group_change = other_group.map(|wanted| Refusal::group_change(group, Some(wanted)));
        let role_change = other_role.map(|wanted| Refusal::role_change(role, Some(wanted)));
        group_change.into_iter().chain(role_change).collect()
    }

    /// A call on one resource asks with its tags and its resource group, however it is addressed (S28, S32, S40, S41)
    fn by_id(&self) -> Inquiry {
        let instance = self.call.instance.as_ref();
        let group = self.group_of(instance);
        let given = self.call.resource_group.as_deref();
        let other_group = given.filter(|given| instance.is_some() && Some(*given) != group);
        let none = Tags::default();
        let tags = instance.map_or(&none, |instance| &instance.tags);
        let context = self.context(&[], &[(TagSource::Resource, tags), (TagSource::Eci, tags)]);
        let action = self.call.operation.action();
        Inquiry {
            refusals: other_group
                .map(|given| Refusal::other_group(group, given))
                .into_iter()
                .collect(),
            questions: vec![Question::new(action, self.resource(instance), group, context)],
            selects_nothing: false,
        }
    }

    /// A query asks with the tags of its filter, those of the instance if it names one, and the resource group that it
    /// names (S19 to S25, S95 to S102)
    fn query(&self) -> Inquiry {
        let call = self.call;
        let instance = call.instance.as_ref();
        let none = Tags::default();
        let filter = call.tags.as_ref().unwrap_or(&none);
        let mut tags = vec![(TagSource::Request, filter)];
        match instance {
            Some(Instance { tags: own, .. }) => {
                tags.extend([(TagSource::Resource, own), (TagSource::Eci, own)]);
            }
            None => tags.push((TagSource::Eci, filter)),
        }
        let group = call.resource_group.as_deref();
        let group = group.filter(|_| call.operation.supports_resource_groups());
        let (action, context) = (call.operation.action(), self.context(&[], &tags));
        Inquiry {
            refusals: Vec::new(),
            questions: vec![Question::new(action, self.resource(instance), group, context)],
            selects_nothing: self.selects_nothing(),
        }
    }

    /// Whether a query names a resource group that does not exist, or that its instance is not in (S21, S25, S39)
    fn selects_nothing(&self) -> bool {
        let Some(group) = self.call.resource_group.as_deref() else {
            return false;
        };
        let instance = self.call.instance.as_ref();
        let is_elsewhere = instance.is_some() && self.group_of(instance) != Some(group);
        !self.account.has_group(group) || is_elsewhere
    }

    /// The resource group of an instance, or else of the call; the default group if neither names one
    fn group_of(&self, instance: Option<&'a Instance>) -> Option<&'a str> {
        let own = match instance {
            Some(instance) => instance.resource_group.as_deref(),
            None => self.call.resource_group.as_deref(),
        };
        own.or_else(|| self.account.default_group())
    }

    /// The ARN of the addressed resource: its last segment is `KIND/ID`, or `KIND/*` without an id
    fn resource(&self, instance: Option<&Instance>) -> String {
        let id = instance
            .and_then(|instance| instance.id.as_deref())
            .unwrap_or("*");
        match self.call.operation.addressed() {
            Addressed::Collection(kind) => {
                let (region, account) = (&self.account.region, self.set.account());
                format!("acs:eci:{region}:{account}:{kind}/{id}")
            }
            Addressed::Nothing => "*".to_owned(),
        }
    }

    /// The condition keys of a question: those of the account, then those of the question, then those given with the
    /// call. Later values replace earlier ones.
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
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}
