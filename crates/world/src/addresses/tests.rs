//! The rule of the golden files, and that addresses stay.

use std::path::Path;

use serde_json::Value;

use super::*;

/// The owners of one step, in the order of their addresses.
fn owners(world: &Value, kind: &str) -> Vec<(String, String, IpAddr)> {
    let mut owners: Vec<_> = world[kind]
        .as_object()
        .unwrap()
        .iter()
        .filter_map(|(owner, address)| {
            let (namespace, name) = owner.split_once('/').unwrap();
            // Headless Services have no address.
            let address = address.as_str()?.parse().ok()?;
            Some((namespace.to_owned(), name.to_owned(), address))
        })
        .collect();
    owners.sort_by_key(|(.., address)| *address);
    owners
}

/// The worlds of a golden folder: by scenario, then by step.
fn golden() -> BTreeMap<String, BTreeMap<u64, Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../compile/testdata/golden");
    let mut worlds: BTreeMap<String, BTreeMap<u64, Value>> = BTreeMap::new();
    for area in std::fs::read_dir(folder).unwrap() {
        let area = area.unwrap().path();
        let files = area.is_dir().then(|| std::fs::read_dir(area).unwrap());
        for file in files.into_iter().flatten() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let golden: Value = serde_json::from_str(&text).unwrap();
            let scenario = golden["scenario"].as_str().unwrap().to_owned();
            let step = golden["step"].as_u64().unwrap();
            worlds
                .entry(scenario)
                .or_default()
                .insert(step, golden["world"].clone());
        }
    }
    worlds
}

#[test]
fn every_golden_file_has_the_addresses_of_this_rule() {
    let mut checked = 0;
    for (scenario, steps) in golden() {
        let mut addresses = Addresses::new(AddressPlan::default());
        for (step, world) in steps {
            for (namespace, name, address) in owners(&world, "pods") {
                let given = addresses.pod(&namespace, &name);
                assert_eq!(given, Some(address), "{scenario} {step}: pod {name}");
                checked += 1;
            }
            for (namespace, name, address) in owners(&world, "services") {
                let in_range = matches!(address, IpAddr::V4(v4) if v4.octets()[..2] == [127, 20]);
                if !in_range {
                    continue;
                }
                let given = addresses.service(&namespace, &name);
                assert_eq!(given, Some(address), "{scenario} {step}: Service {name}");
                checked += 1;
            }
        }
    }
    assert!(checked > 800, "{checked} addresses were compared");
}

#[test]
fn an_owner_keeps_its_address_and_a_declared_one_is_never_given() {
    let mut addresses = Addresses::new(AddressPlan::default());
    addresses.declare_pod("default", "fixed", "127.10.0.13".parse().unwrap());
    let a = addresses.pod("default", "a-0").unwrap();
    let b = addresses.pod("default", "b-0").unwrap();
    assert_eq!(a.to_string(), "127.10.0.12");
    assert_eq!(b.to_string(), "127.10.0.14");
    assert_eq!(addresses.pod("default", "a-0"), Some(a));
    let fixed = addresses.pod("default", "fixed").unwrap();
    assert_eq!(fixed.to_string(), "127.10.0.13");
}

#[test]
fn a_range_goes_on_in_the_next_block_and_ends() {
    let mut addresses = Addresses::new(AddressPlan::default());
    let all: Vec<_> = (0..BLOCK * BLOCKS)
        .map_while(|n| addresses.pod("default", &format!("p-{n}")))
        .collect();
    assert_eq!(all[239].to_string(), "127.10.0.250");
    assert_eq!(all[240].to_string(), "127.10.1.1");
    assert_eq!(all.last().unwrap().to_string(), "127.10.255.250");
    assert_eq!(all.len(), BLOCK * BLOCKS - 10);
    let different: BTreeSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn a_name_outside_keeps_the_address_of_the_first_question() {
    let outside = OutsideAddresses::new(AddressPlan::default());
    assert_eq!(outside.address_of("a.com").to_string(), "127.40.0.2");
    assert_eq!(outside.address_of("b.com").to_string(), "127.40.0.3");
    assert_eq!(outside.address_of("a.com").to_string(), "127.40.0.2");
}
