//! regorus: a short policy over the statements as data, in three forms: the interpreter and the virtual machine with the
//! statements in a list, and the virtual machine with the statements indexed by principal, action and value, as an author
//! of Rego would index them by hand.

use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Value};
use serde_json::{Map, json};

use crate::{ACTION, Size, principal};

const RULE: &str = "data.ram.allow";

const LISTED: &str = r#"
package ram
import rego.v1
default allow := false
allow if {
    some statement in data.statements[input.principal]
    statement.action == input.action
    every key, value in statement.tags { input.tags[key] == value }
}
"#;

const INDEXED: &str = r#"
package ram
import rego.v1
default allow := false
allow if data.statements[input.principal][input.action].env[input.tags.env]
"#;

/// The interpreter: an engine with policy and data, which gets a new input for each decision
pub struct Interpreter {
    engine: Engine,
    input: Value,
}

impl Interpreter {
    /// The engine, and a request with this value of the tag
    pub fn new(size: Size, env: &str) -> Self {
        Self {
            engine: engine(LISTED, listed(size)),
            input: input(size, env),
        }
    }

    /// Whether the request is allowed
    pub fn allows(&mut self) -> bool {
        self.engine.set_input(self.input.clone());
        self.engine.eval_rule(RULE.to_owned()).unwrap() == Value::Bool(true)
    }
}

/// The virtual machine: a program that is compiled once, and its data
pub struct Machine {
    machine: RegoVM,
    input: Value,
}

impl Machine {
    /// The statements in a list
    pub fn listed(size: Size, env: &str) -> Self {
        Self::new(LISTED, listed(size), input(size, env))
    }

    /// The statements indexed by principal, action and value
    pub fn indexed(size: Size, env: &str) -> Self {
        Self::new(INDEXED, indexed(size), input(size, env))
    }

    fn new(policy: &str, data: Value, input: Value) -> Self {
        let mut engine = engine(policy, data.clone());
        let compiled = engine.compile_with_entrypoint(&RULE.into()).unwrap();
        let program = Compiler::compile_from_policy(&compiled, &[RULE]).unwrap();
        let mut machine = RegoVM::new();
        // The default limit of 25,000 instructions is too low for 2,000 statements.
        machine.set_max_instructions(usize::MAX);
        machine.load_program(Arc::clone(&program));
        machine.set_data(data).unwrap();
        Self { machine, input }
    }

    /// Whether the request is allowed
    pub fn allows(&mut self) -> bool {
        self.machine.set_input(self.input.clone());
        self.machine.execute().unwrap() == Value::Bool(true)
    }
}

fn engine(policy: &str, data: Value) -> Engine {
    let mut engine = Engine::new();
    engine
        .add_policy("ram.rego".to_owned(), policy.to_owned())
        .unwrap();
    engine.add_data(data).unwrap();
    engine
}

fn input(size: Size, env: &str) -> Value {
    value(&json!({"principal": size.asking(), "action": ACTION, "tags": {"env": env}}))
}

fn listed(size: Size) -> Value {
    let each = |number| {
        let statements = size
            .statements()
            .map(|(action, env)| json!({"action": action, "tags": {"env": env}}));
        (principal(number), statements.collect())
    };
    value(&json!({"statements": (0..size.principals).map(each).collect::<Map<_, _>>()}))
}

fn indexed(size: Size) -> Value {
    let each = |number| {
        let mut actions = Map::new();
        for (action, env) in size.statements() {
            let values = actions.entry(action).or_insert_with(|| json!({"env": {}}));
            values["env"][env] = true.into();
        }
        (principal(number), actions.into())
    };
    value(&json!({"statements": (0..size.principals).map(each).collect::<Map<_, _>>()}))
}

fn value(json: &serde_json::Value) -> Value {
    Value::from_json_str(&json.to_string()).unwrap()
}
