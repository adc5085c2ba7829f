//! The limits of tags, as the API's page lists them, against the engine's reading.

use eci_calls::Tags;

use super::scene::Pairs;
use crate::SEEDS;
use crate::random::Random;

const LISTS: usize = 20_000;

#[test]
fn tags_are_refused_alike() {
    let (mut taken, mut refused) = (0, 0);
    for seed in SEEDS {
        let mut random = Random::new(*seed);
        for _ in 0..LISTS / SEEDS.len() {
            let tags = tags(&mut random);
            let (wanted, found) = (are_legal(&tags), Tags::from_pairs(tags.clone()));
            assert_eq!(wanted, found.is_ok(), "seed {seed}: {found:?} for {tags:?}");
            taken += usize::from(wanted);
            refused += usize::from(!wanted);
        }
    }
    println!("{taken} lists taken, {refused} refused");
    assert!(taken > LISTS / 4 && refused > LISTS / 4);
}

/// At most 20, each key once and not empty; 64 characters of key, 128 of value; reserved beginnings, no addresses
fn are_legal(tags: &Pairs) -> bool {
    let has_address = |text: &str| text.contains("http://") || text.contains("https://");
    let is_legal = |(key, value): &(String, String)| {
        let key_fits = (1..=64).contains(&key.chars().count()) && value.chars().count() <= 128;
        let is_reserved = key.starts_with("aliyun") || key.starts_with("acs:") || value.starts_with("acs:");
        key_fits && !is_reserved && !has_address(key) && !has_address(value)
    };
    let times = |key: &String| tags.iter().filter(|(other, _)| other == key).count();
    tags.len() <= 20 && tags.iter().all(|tag| is_legal(tag) && times(&tag.0) == 1)
}

/// Lists of which about half break one limit
fn tags(random: &mut Random) -> Pairs {
    let count = if random.chance(20) {
        random.between(19, 22)
    } else {
        random.below(5)
    };
    let mut tags: Pairs = (0..count)
        .map(|at| (format!("key{at}"), "value".into()))
        .collect();
    if count == 0 || random.chance(40) {
        return tags;
    }
    let (at, other) = (random.below(count), random.below(count));
    let letter = random.word(&["a", "é", "生"]);
    let (key, value) = match random.below(8) {
        0 => (letter.repeat(random.between(63, 66)), String::new()),
        1 => ("k".into(), letter.repeat(random.between(127, 130))),
        2 => (
            random
                .word(&["", "aliyun", "aliyun-x", "aliyu", "acs:x", "acs", "xacs:"])
                .into(),
            "v".into(),
        ),
        3 => (
            "k".into(),
            random.word(&["acs:x", "acs", "aliyun", "x acs:"]).into(),
        ),
        4 => (
            random.word(&["http://a", "xhttps://", "http:/a", "https"]).into(),
            String::new(),
        ),
        5 => (
            "k".into(),
            random.word(&["http://a", "see https://a", "http:/a"]).into(),
        ),
        6 => (tags[other].0.clone(), "again".into()),
        _ => (tags[at].0.to_uppercase(), String::new()),
    };
    tags[at] = (key, value);
    tags
}
