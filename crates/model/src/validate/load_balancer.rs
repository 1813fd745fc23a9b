//! Checks of load balancers.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::networking::load_balancer::{
    ConsistentHashLb, Failover, HashAlgorithm, HashKey, HttpCookie, LoadBalancerPolicy,
    LoadBalancerSettings, LocalityLoadBalancerSetting, SimpleLb, ZoneAwareLoadBalancerSetting,
};
use crate::validate::check::Check;

const TOPOLOGY: [&str; 3] = [
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
];

pub(super) fn validate(c: &mut Check<'_>, settings: &LoadBalancerSettings, outlier: bool) {
    match &settings.policy {
        Some(LoadBalancerPolicy::Simple(SimpleLb::LeastConn)) => {
            let message = "`LEAST_CONN` is deprecated";
            c.report_at("simple", Code::Deprecated, message, "use `LEAST_REQUEST`");
        }
        Some(LoadBalancerPolicy::ConsistentHash(hash)) => {
            c.field("consistentHash", |c| consistent_hash(c, hash));
        }
        Some(LoadBalancerPolicy::Simple(_)) | None => {}
    }
    if settings.locality_lb_setting.is_some() && settings.zone_aware_lb_setting.is_some() {
        let message = "`localityLbSetting` and `zoneAwareLbSetting` exclude each other";
        c.report_at(
            "zoneAwareLbSetting",
            Code::Contradiction,
            message,
            "keep one of them",
        );
    }
    c.some(
        "localityLbSetting",
        settings.locality_lb_setting.as_ref(),
        |c, locality| {
            self::locality(c, locality, outlier);
        },
    );
    c.some(
        "zoneAwareLbSetting",
        settings.zone_aware_lb_setting.as_ref(),
        |c, zone| {
            zone_aware(c, zone, outlier);
        },
    );
    c.some("warmup", settings.warmup.as_ref(), |c, warmup| {
        if warmup
            .aggression
            .is_some_and(|aggression| aggression <= 0.0)
        {
            c.report_at(
                "aggression",
                Code::OutOfRange,
                "it must be greater than 0",
                "",
            );
        }
    });
}

fn consistent_hash(c: &mut Check<'_>, hash: &ConsistentHashLb) {
    if hash.minimum_ring_size.is_some_and(|size| size > 0) && hash.algorithm.is_some() {
        let message = "`minimumRingSize` beside `ringHash` or `maglev`";
        let help = "write the size in `ringHash`";
        c.report_at("minimumRingSize", Code::Contradiction, message, help);
    }
    if let Some(HashKey::HttpCookie(cookie)) = &hash.key {
        c.field("httpCookie", |c| self::cookie(c, cookie));
    }
    if let Some(HashAlgorithm::Maglev(maglev)) = &hash.algorithm {
        let size = maglev.table_size.unwrap_or_default();
        if size >= 5_000_011 || !is_prime(size) {
            let message = format!("the size {size} of the table is not allowed");
            let help = "write a prime below 5000011, such as 65537";
            c.field("maglev", |c| {
                c.report_at("tableSize", Code::OutOfRange, message, help);
            });
        }
    }
}

fn cookie(c: &mut Check<'_>, cookie: &HttpCookie) {
    if cookie.name.is_empty() {
        c.report_at(
            "name",
            Code::InvalidText,
            "the name of the cookie is empty",
            "",
        );
    }
    c.each("attributes", &cookie.attributes, |c, attribute| {
        if attribute.name.is_empty() {
            c.report_at(
                "name",
                Code::InvalidText,
                "the name of the attribute is empty",
                "",
            );
        }
    });
    c.unique(
        "attributes",
        "the attribute",
        cookie.attributes.iter().map(|a| a.name.clone()),
    );
}

fn is_prime(number: u64) -> bool {
    if number < 4 {
        return number >= 1; // Envoy counts 1.
    }
    let odd_factors = (3..)
        .step_by(2)
        .take_while(|factor| factor * factor <= number);
    number % 2 == 1
        && odd_factors
            .into_iter()
            .all(|factor| !number.is_multiple_of(factor))
}

fn locality(c: &mut Check<'_>, setting: &LocalityLoadBalancerSetting, outlier: bool) {
    if !setting.distribute.is_empty() && !setting.failover.is_empty() {
        let message = "`distribute` and `failover` exclude each other";
        c.report_at("failover", Code::Contradiction, message, "keep one of them");
        return;
    }
    if !setting.failover.is_empty() {
        c.each(
            "failoverPriority",
            &setting.failover_priority,
            |c, label| {
                if TOPOLOGY.contains(&label.as_str()) {
                    let message = format!("`{label}` says again what `failover` says");
                    c.report(Code::Contradiction, message, "keep one of them");
                }
            },
        );
    }
    c.each("distribute", &setting.distribute, |c, distribute| {
        let sum: u64 = distribute.to.values().map(|share| u64::from(*share)).sum();
        if sum != 100 {
            let message = format!("the shares sum to {sum}, not to 100");
            c.report_at("to", Code::OutOfRange, message, "correct the shares");
        }
        let localities: Vec<&str> = distribute.to.keys().map(String::as_str).collect();
        c.field("to", |c| localities_fit(c, &localities));
    });
    let from: Vec<&str> = setting
        .distribute
        .iter()
        .map(|d| d.from.as_deref().unwrap_or_default())
        .collect();
    c.field("distribute", |c| localities_fit(c, &from));
    failover(c, &setting.failover, &setting.failover_priority, outlier);
}

fn zone_aware(c: &mut Check<'_>, setting: &ZoneAwareLoadBalancerSetting, outlier: bool) {
    c.each(
        "failoverPriority",
        &setting.failover_priority,
        |c, label| {
            if TOPOLOGY.contains(&label.as_str()) {
                let message = format!("`{label}` is implied by `zoneAwareLbSetting`");
                c.report(Code::Contradiction, message, "remove it");
            }
        },
    );
    failover(c, &setting.failover, &setting.failover_priority, outlier);
}

fn failover(c: &mut Check<'_>, list: &[Failover], priority: &[String], outlier: bool) {
    if !outlier && (!list.is_empty() || !priority.is_empty()) {
        let name = if list.is_empty() {
            "failoverPriority"
        } else {
            "failover"
        };
        let message = "failover needs `outlierDetection` to find out what has failed";
        c.report_at(name, Code::Suspicious, message, "add `outlierDetection`");
    }
    c.each("failover", list, |c, failover| {
        if failover.from == failover.to {
            c.report(
                Code::Contradiction,
                "a region cannot take over from itself",
                "",
            );
        }
        for (name, region) in [("from", &failover.from), ("to", &failover.to)] {
            if region
                .as_ref()
                .is_some_and(|region| region.contains(['/', '*']))
            {
                let message = "failover names regions, without zone and wildcard";
                c.report_at(name, Code::InvalidText, message, "");
            }
        }
    });
}

/// Localities must be whole, and none may contain another.
fn localities_fit(c: &mut Check<'_>, localities: &[&str]) {
    let mut seen: BTreeSet<Vec<&str>> = BTreeSet::new();
    // More than 100 shares of at least 1 % do not sum to 100, which is reported already.
    for locality in localities.iter().take(100) {
        let stars = locality.matches('*').count();
        let parts: Vec<&str> = locality.splitn(3, '/').collect();
        if stars > 1 || (stars == 1 && !locality.ends_with('*')) {
            let message = format!("`{locality}`: a wildcard may only be the end");
            c.report(Code::InvalidText, message, "");
        } else if parts.iter().any(|part| part.is_empty()) {
            let message = format!("`{locality}` has an empty part");
            c.report(
                Code::InvalidText,
                message,
                "write it as `region/zone/subzone`",
            );
        } else {
            let key: Vec<&str> = parts.into_iter().filter(|part| *part != "*").collect();
            let overlaps = |other: &Vec<&str>| {
                let common = key.len().min(other.len());
                key.iter().take(common).eq(other.iter().take(common))
            };
            if seen.iter().any(overlaps) {
                let message = format!("`{locality}` overlaps with another locality");
                c.report(Code::Contradiction, message, "");
            }
            seen.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_prime;

    #[test]
    fn primes_are_those_that_envoy_counts() {
        let primes: Vec<u64> = (0..30).filter(|n| is_prime(*n)).collect();
        assert_eq!(primes, [1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
        assert!(is_prime(65537) && !is_prime(65539 * 3));
    }
}
