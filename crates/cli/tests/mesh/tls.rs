//! HTTPS at a gateway, with the certificate of a Secret.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::run::{Place, Up, until};
use crate::wire::Wire;

const GATEWAY: &str = "---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 443, name: https, protocol: HTTPS}
    tls: {mode: SIMPLE, credentialName: shop-cert}
    hosts: [shop.example]
  - port: {number: 443, name: other, protocol: HTTPS}
    tls: {mode: SIMPLE, credentialName: missing}
    hosts: [other.example]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example]
  gateways: [edge]
  http:
  - route: [{destination: {host: shop, port: {number: 80}}}]
";

/// A certificate for `shop.example` and its key, as PEM.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn secret((chain, key): &(String, String)) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: shop-cert, namespace: istio-system}}\n\
         type: kubernetes.io/tls\ndata:\n  tls.crt: {}\n  tls.key: {}\n",
        STANDARD.encode(chain),
        STANDARD.encode(key)
    )
}

fn shell(line: &str) -> (bool, String) {
    let ended = Command::new("sh").args(["-c", line]).output().unwrap();
    let out = String::from_utf8_lossy(&ended.stdout).into_owned();
    (ended.status.success(), out)
}

#[test]
fn the_line_to_try_works_and_a_changed_secret_is_shown_by_new_connections() {
    let first = pair();
    let up = Up::at(
        Place::new(&(secret(&first) + GATEWAY)),
        &["--gateway-port", "443=auto"],
    );
    let shown = up.tells("Ctrl-C drains and stops");
    assert!(shown.contains("SL0214"), "{shown}");
    assert!(shown.contains("  https://127.0.0.1:"), "{shown}");
    let (_, line) = shown.split_once("  try   ").unwrap();
    let line = line.lines().next().unwrap();
    let (worked, answer) = shell(&format!("{line} -s --max-time 60"));
    assert!(
        worked && answer.contains("\"x-forwarded-proto\":\"https\""),
        "{line}\n{answer}"
    );

    let second = pair();
    let file = up.place().path("second.pem");
    std::fs::write(&file, &second.0).unwrap();
    let known = line.replace(
        "curl -k",
        &format!("curl -s --max-time 60 --cacert {}", file.display()),
    );
    assert!(!shell(&known).0, "{known}");
    up.place().save("mesh.yaml", &(secret(&second) + GATEWAY));
    until("the new certificate", || shell(&known).0.then_some(()));
    let other = line.replace("shop.example", "other.example");
    assert!(!shell(&format!("{other} -s --max-time 60")).0, "{other}");
}

#[test]
fn nobody_is_shown_a_key() {
    let pair = pair();
    let up = Up::at(
        Place::new(&(secret(&pair) + GATEWAY)),
        &["--gateway-port", "443=auto"],
    );
    let path = "/api/v1/namespaces/istio-system/secrets/shop-cert";
    let gateway = "/config_dump?proxy=istio-ingressgateway.istio-system";
    let mut told = up.tells("Ctrl-C drains and stops");
    let object = Wire::to(up.admin())
        .get(path, &[("host", "localhost")])
        .body;
    assert!(object.contains("W3JlZGFjdGVkXQ=="), "{object}");
    let dump = Wire::to(up.admin())
        .get(gateway, &[("host", "localhost")])
        .body;
    assert!(dump.contains("dynamic_active_secrets"), "{dump}");
    let args = [
        "get",
        "secret",
        "shop-cert",
        "-n",
        "istio-system",
        "-o",
        "yaml",
    ];
    let got = up.run(&args);
    assert_eq!(got.code, 0, "{got:?}");
    let described = up.run(&["describe", "secret", "shop-cert", "-n", "istio-system"]);
    assert_eq!(described.code, 0, "{described:?}");
    told += &(object + &dump + &got.out + &described.out);
    let body = pair.1.lines().nth(1).unwrap();
    for key in [body, &STANDARD.encode(&pair.1), &STANDARD.encode(body)] {
        assert!(!told.contains(key), "{told}");
    }
}
