//! JSON that may say a name twice.

use std::fmt;

use serde_json::Value;

#[derive(Clone, Debug)]
pub enum Json {
    Object(Vec<(String, Json)>),
    List(Vec<Json>),
    /// A number, string, boolean or null, as it is written
    Plain(String),
}

/// The way to a value: which entry or element at each level
pub type Way = Vec<usize>;

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(fields) => Self::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect(),
            ),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            plain => Self::Plain(plain.to_string()),
        }
    }
}

impl Json {
    /// The ways to all values that are wanted, the value itself among them
    pub fn ways(&self, is_wanted: &dyn Fn(&Json) -> bool) -> Vec<Way> {
        let mut found = Vec::new();
        self.walk(&mut Vec::new(), is_wanted, &mut found);
        found
    }

    fn walk(&self, way: &mut Way, is_wanted: &dyn Fn(&Json) -> bool, found: &mut Vec<Way>) {
        if is_wanted(self) {
            found.push(way.clone());
        }
        let below: Vec<&Json> = match self {
            Self::Object(fields) => fields.iter().map(|(_, value)| value).collect(),
            Self::List(items) => items.iter().collect(),
            Self::Plain(_) => Vec::new(),
        };
        for (index, value) in below.into_iter().enumerate() {
            way.push(index);
            value.walk(way, is_wanted, found);
            way.pop();
        }
    }

    pub fn at(&mut self, way: &[usize]) -> &mut Json {
        let Some((index, rest)) = way.split_first() else {
            return self;
        };
        match self {
            Self::Object(fields) => fields[*index].1.at(rest),
            Self::List(items) => items[*index].at(rest),
            Self::Plain(_) => panic!("nothing below {self}"),
        }
    }

    pub fn fields(&mut self) -> &mut Vec<(String, Json)> {
        match self {
            Self::Object(fields) => fields,
            _ => panic!("no object: {self}"),
        }
    }

    pub fn is_filled_object(&self) -> bool {
        matches!(self, Self::Object(fields) if !fields.is_empty())
    }

    pub fn is_filled_list(&self) -> bool {
        matches!(self, Self::List(items) if !items.is_empty())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    let name = Value::from(name.as_str());
                    write!(f, "{}{name}: {value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}
