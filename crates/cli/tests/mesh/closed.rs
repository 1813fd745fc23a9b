//! The admin API of a mesh that wants a token.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::manifests::shop_split;
use crate::run::{Place, Said, Up};
use crate::wire::{Answer, Wire};

const TOKEN: &str = "0123456789abcdef/+=x";

/// A mesh that wants [`TOKEN`].
fn up() -> Up {
    let place = Place::new(&shop_split(1, 0));
    fs::write(place.path("token"), format!("{TOKEN}\n")).unwrap();
    Up::at(place, &["--admin-token-file", "token"])
}

fn ask(up: &Up, path: &str, headers: &[(&str, &str)]) -> Answer {
    let host = [("host", "mesh.example:15000")];
    Wire::to(up.admin()).get(path, &[&host, headers].concat())
}

#[test]
fn nothing_but_readiness_is_answered_without_the_token() {
    let up = up();
    let bearer = format!("Bearer {TOKEN}");
    let right = [("authorization", bearer.as_str())];
    let wrong = [("authorization", "Bearer 0123456789abcdef/+=y")];
    for path in ["/stats", "/config_dump", "/help", "/quitquitquit"] {
        for headers in [&[][..], &wrong] {
            let answer = ask(&up, path, headers);
            assert_eq!(answer.status, 401, "{path} {answer:?}");
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge, Some("Bearer realm=\"sealane\""));
            let text = "this mesh wants its token, as `Authorization: Bearer TOKEN`\n";
            assert_eq!(answer.body, text);
        }
        assert_ne!(ask(&up, path, &right).status, 401);
    }
    for path in ["/api", "/version", "/sealane/v1/workloads", "/readyz", "/x"] {
        let answer = ask(&up, path, &wrong);
        let status: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(answer.status, 401, "{path} {answer:?}");
        assert!(answer.header("www-authenticate").is_some());
        assert_eq!(
            (&status["kind"], &status["reason"], &status["code"]),
            (&"Status".into(), &"Unauthorized".into(), &401.into())
        );
        assert_ne!(ask(&up, path, &right).status, 401);
    }
    assert_eq!(ask(&up, "/ready", &[]).body, "LIVE\n");
    let page = [right[0], ("origin", "https://evil.example")];
    assert_eq!(ask(&up, "/stats", &page).status, 403);
    assert_eq!(ask(&up, "/api", &page).status, 403);
}

#[test]
fn kubectl_s_way_to_show_it_is_understood() {
    let up = up();
    let pair = STANDARD.encode(format!("sealane:{TOKEN}"));
    let basic = format!("Basic {pair}");
    let headers = [("proxy-authorization", basic.as_str())];
    let answer = ask(&up, "http://mesh.example:15000/version", &headers);
    assert_eq!(answer.status, 200, "{answer:?}");
    // A browser would send this one by itself, once it has asked for it.
    let headers = [("authorization", basic.as_str())];
    assert_eq!(ask(&up, "/version", &headers).status, 401);
}

#[test]
fn commands_of_this_user_find_the_token_and_nobody_else_does() {
    let up = up();
    let place = up.place();
    let said = up.run(&["get", "vs", "-o", "name"]);
    assert!(said.out.contains("virtualservice."), "{said:?}");
    let server = format!("http://{}", up.admin());
    let said = up.run(&["get", "vs", "-o", "name", "--server", &server]);
    assert!(said.out.contains("virtualservice."), "{said:?}");
    let files = fs::read_dir(place.path("")).unwrap().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_name().to_string_lossy().starts_with("sealane-"));
    let folder = files.last().unwrap();
    assert_eq!(
        folder.metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
    let file = folder.path().join(format!("{}.admin", up.pid()));
    assert_eq!(
        fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // It is known, and so not told.
    assert!(!up.tells("Ctrl-C").contains(TOKEN));
}

#[test]
fn commands_from_elsewhere_take_the_token_from_the_environment() {
    let up = up();
    let server = format!("http://{}", up.admin());
    let elsewhere = Place::new("");
    let call = |token: &str, args: &[&str]| {
        let environment = [
            ("SEALANE_SERVER", server.as_str()),
            ("SEALANE_TOKEN", token),
        ];
        elsewhere.run_with(&environment, args)
    };
    for args in [
        &["get", "vs", "-A", "-o", "name"][..],
        &["traffic", "config"],
        &["kubeconfig"],
    ] {
        let said = call(TOKEN, args);
        assert_eq!((said.code, said.out.is_empty()), (0, false), "{said:?}");
        for (token, word) in [("", "a"), ("fedcba9876543210", "another")] {
            let said = call(token, args);
            let text = format!(
                "error: the mesh at {server} wants {word} token\n  \
                 sealane up printed it at its start: export SEALANE_TOKEN=TOKEN\n"
            );
            assert_eq!((said.code, said.err), (1, text));
        }
    }
    fs::write(elsewhere.path("none.yaml"), "").unwrap();
    let said = call("", &["apply", "-f", "none.yaml"]);
    assert!(said.err.contains("wants a token"), "{said:?}");
    let said = call("short", &["get", "vs"]);
    assert_eq!(said.code, 64);
    assert!(said.err.contains("SEALANE_TOKEN is no token"), "{said:?}");
}

/// A mesh whose admin API is told this, and that does not start.
fn refused(place: &Place, flag: &str, value: &str) -> Said {
    place.run(&["up", "manifests", "--admin-port", "0", flag, value])
}

#[test]
fn a_token_file_that_has_none_is_named() {
    let place = Place::new(&shop_split(1, 0));
    let said = refused(&place, "--admin-token-file", "token");
    assert_eq!(said.code, 65);
    let text = "error: the token file token cannot be read: No such file or directory";
    assert!(said.err.starts_with(text), "{said:?}");
    fs::write(place.path("token"), "secret").unwrap();
    let said = refused(&place, "--admin-token-file", "token");
    assert_eq!(said.code, 65);
    let text = "error: what is in token is no token\n  want 16 to 4,096 letters, digits";
    assert!(said.err.starts_with(text), "{said:?}");
}

#[test]
fn an_address_that_is_not_here_is_named_with_its_flag() {
    let place = Place::new(&shop_split(1, 0));
    let said = refused(&place, "--admin-bind", "10.255.255.254");
    assert_eq!(said.code, 1);
    let text = "error: this machine has no address 10.255.255.254\n  --admin-bind 10.255.255.254 ";
    assert!(said.err.starts_with(text), "{said:?}");
}
