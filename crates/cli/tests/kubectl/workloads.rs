//! Deployments: scaled, rolled out, waited for, patched.

use crate::kubectl::{Kubectl, cells, data, with_each};

fn with_web(test: impl Fn(&Kubectl)) {
    with_each(|kubectl| {
        kubectl.applies(
            &data("web.yaml"),
            &["deployment.apps/web created", "service/web created"],
        );
        test(kubectl);
    });
}

fn pods(kubectl: &Kubectl) -> String {
    kubectl.ok("get pods -l app=web -o name")
}

#[test]
fn pods_follow_the_number_that_is_wanted() {
    with_web(|kubectl| {
        let web = cells(&kubectl.ok("get deploy web")).remove(1).join(" ");
        assert!(web.starts_with("web 2/2 2 2 "), "{web}");
        assert!(
            kubectl
                .ok("scale deploy/web --replicas=3")
                .contains("web scaled")
        );
        assert_eq!(pods(kubectl), "pod/web-0\npod/web-1\npod/web-2\n");
        let rolled = kubectl.ok("rollout status deployment/web --timeout=30s");
        assert!(rolled.contains("successfully rolled out"), "{rolled}");
        for line in [
            "wait --for=condition=Available deployment/web --timeout=30s",
            "wait --for=condition=Ready pod -l app=web --timeout=30s",
        ] {
            assert!(kubectl.ok(line).contains("condition met"), "{line}");
        }
        let said = kubectl.words("scale deploy/web --current-replicas=7 --replicas=1");
        assert_ne!(said.code, 0);
        let restarted = kubectl.ok("rollout restart deployment/web");
        assert!(restarted.contains("restarted"), "{restarted}");
    });
}

#[test]
fn everything_of_a_workload_is_shown() {
    with_web(|kubectl| {
        let all = kubectl.ok("get all");
        for part in ["pod/web-0", "service/web", "deployment.apps/web"] {
            assert!(all.contains(part), "{part} in {all}");
        }
        let wide = kubectl.ok("get pods -l app=web -o wide");
        let wide = cells(&wide);
        assert_eq!(wide[0][5..7], ["IP", "NODE"]);
        assert!(wide[1][5].starts_with("127.10."), "{wide:?}");
        let images = kubectl.ok("get deploy web -o wide");
        assert!(images.contains("example/web:1"), "{images}");
        let labels = kubectl.ok("get pods -l app=web -L version --no-headers");
        assert_eq!(cells(&labels)[0].last(), Some(&"v1"));
        let columns = "get deploy -o custom-columns=N:.metadata.name,R:.spec.replicas";
        assert_eq!(cells(&kubectl.ok(columns)), [["N", "R"], ["web", "2"]]);
        let chosen = kubectl.run(&["get", "deploy", "-l", "app in (web)", "-o", "name"]);
        assert_eq!(chosen.out, "deployment.apps/web\n", "{chosen:?}");
        let fields = kubectl.ok("get pods --field-selector metadata.name=web-1 -o name");
        assert_eq!(fields, "pod/web-1\n");
        let endpoints = kubectl.ok("get endpointslices -l kubernetes.io/service-name=web");
        assert!(endpoints.contains("IPv4"), "{endpoints}");
        let described = kubectl.ok("describe deployment web");
        assert!(
            described.contains("2 desired | 2 updated | 2 total"),
            "{described}"
        );
        let described = kubectl.ok("describe service web");
        assert!(described.contains("TargetPort:"), "{described}");
        assert!(
            kubectl
                .ok("get pods --sort-by=.metadata.name")
                .contains("web-0")
        );
    });
}

#[test]
fn fields_are_changed_in_every_way() {
    with_web(|kubectl| {
        let changed = [
            ("label deploy web tier=front", "labeled"),
            ("annotate deploy web note=x", "annotate"),
            ("set image deploy/web app=example/web:2", "image updated"),
            ("set env deploy/web LEVEL=debug", "env updated"),
        ];
        for (line, word) in changed {
            let said = kubectl.ok(line);
            assert!(said.contains(word), "{line}: {said}");
        }
        let patches = [
            ("merge", r#"{"spec":{"replicas":1}}"#),
            (
                "json",
                r#"[{"op":"replace","path":"/spec/replicas","value":2}]"#,
            ),
            (
                "strategic",
                r#"{"spec":{"template":{"spec":{"containers":[{"name":"app","tty":true}]}}}}"#,
            ),
        ];
        for (kind, patch) in patches {
            let said = kubectl.run(&["patch", "deploy", "web", "--type", kind, "-p", patch]);
            assert!(said.out.contains("patched"), "{kind}: {said:?}");
        }
        let container = kubectl.ok(
            "get deploy web -o jsonpath={.spec.template.spec.containers[0]['image','tty','name']}",
        );
        assert_eq!(container, "example/web:2 true app");
        let env = "get deploy web -o jsonpath={.spec.template.spec.containers[0].env[*].value}";
        assert_eq!(kubectl.ok(env), "debug");
        // What was applied comes back, and what others set beside it stays.
        kubectl.applies(
            &data("web.yaml"),
            &["deployment.apps/web configured", "service/web unchanged"],
        );
        let image = "get deploy web -o jsonpath={..image}/{..tty}/{.metadata.labels.tier}";
        assert_eq!(kubectl.ok(image), "example/web:1/true/front");
    });
}

#[test]
fn an_editor_changes_an_object() {
    with_web(|kubectl| {
        let change = "sed -i 's/targetPort: 8080/targetPort: 9090/' \"$1\"\n";
        let editor = format!("sh {}", kubectl.file("editor", change));
        let mut edit = kubectl.command(&["edit", "service", "web"]);
        let said = crate::kubectl::ended(edit.env("KUBE_EDITOR", editor));
        assert!(said.out.contains("service/web edited"), "{said:?}");
        let port = "get service web -o jsonpath={.spec.ports[0].targetPort}";
        assert_eq!(kubectl.ok(port), "9090");
    });
}
