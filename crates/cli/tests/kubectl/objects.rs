//! What kubectl says of objects: made, compared, refused, taken away.

use crate::kubectl::{data, with_each};

const ROUTE: &str = "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web]
  http:
  - route:
    - destination: {host: web}
";

#[test]
fn what_is_wrong_is_told_with_its_field() {
    with_each(|kubectl| {
        let wrong = kubectl.file("wrong.yaml", &ROUTE.replace("destination:", "desination:"));
        for line in ["apply", "create"] {
            let said = kubectl.run(&[line, "-f", &wrong]);
            assert_eq!(said.code, 1, "{said:?}");
            assert!(said.err.contains("is invalid"), "{said:?}");
            let field = "spec.http[0].route[0].desination";
            assert!(said.err.contains(field), "{said:?}");
            assert!(said.err.contains("`destination`"), "{said:?}");
        }
        let said = kubectl.words("get vs web");
        assert_eq!(
            said.err,
            "Error from server (NotFound): virtualservices.networking.istio.io \"web\" not found\n"
        );
    });
}

#[test]
fn objects_are_made_compared_replaced_and_taken_away() {
    with_each(|kubectl| {
        let file = kubectl.file("route.yaml", ROUTE);
        let name = "virtualservice.networking.istio.io/web";
        let dry = format!("apply -f {file} --dry-run=server");
        assert_eq!(
            kubectl.ok(&dry),
            format!("{name} created (server dry run)\n")
        );
        assert_eq!(
            kubectl.ok(&format!("create -f {file}")),
            format!("{name} created\n")
        );
        let said = kubectl.words(&format!("create -f {file}"));
        assert!(said.err.contains("AlreadyExists"), "{said:?}");
        let other = kubectl.file("other.yaml", &ROUTE.replace("[web]", "[web, www]"));
        let said = kubectl.words(&format!("diff -f {other}"));
        assert_eq!(said.code, 1, "{said:?}");
        let changed: Vec<_> = said
            .out
            .lines()
            .filter(|line| line.starts_with("+ "))
            .collect();
        assert!(
            changed.iter().any(|line| line.contains("- www")),
            "{said:?}"
        );
        assert!(!said.out.contains("uid"), "{said:?}");
        assert_eq!(
            kubectl.ok(&format!("replace -f {other}")),
            format!("{name} replaced\n")
        );
        let gone = kubectl.ok(&format!("delete -f {other}"));
        assert!(
            gone.starts_with("virtualservice.networking.istio.io \"web\" deleted"),
            "{gone}"
        );
        let said = kubectl.words(&format!("delete -f {other}"));
        assert!(said.err.contains("NotFound"), "{said:?}");
        assert_eq!(
            kubectl.ok(&format!("delete -f {other} --ignore-not-found")),
            ""
        );
    });
}

#[test]
fn two_managers_apply_one_object() {
    with_each(|kubectl| {
        let file = data("web.yaml");
        let apply = |manager: &str, more: &[&str]| {
            let manager = format!("--field-manager={manager}");
            let args = ["apply", "--server-side", &*manager, "-f", &*file];
            kubectl.run(&[&args, more].concat())
        };
        let said = apply("ci", &[]);
        assert!(
            said.out.contains("deployment.apps/web serverside-applied"),
            "{said:?}"
        );
        kubectl.ok("scale deploy/web --replicas=5");
        let said = apply("ci", &[]);
        assert_ne!(said.code, 0);
        assert!(
            said.err.contains("Apply failed with 1 conflict"),
            "{said:?}"
        );
        assert!(said.err.contains(".spec.replicas"), "{said:?}");
        assert_eq!(apply("ci", &["--force-conflicts"]).code, 0);
        let replicas = "get deploy web -o jsonpath={.spec.replicas}";
        assert_eq!(kubectl.ok(replicas), "2");
    });
}

#[test]
fn subcommands_make_objects_without_a_file() {
    with_each(|kubectl| {
        let made = [
            ("create namespace shop", "namespace/shop created"),
            (
                "create configmap c --from-literal=a=1 -n shop",
                "configmap/c created",
            ),
            (
                "create serviceaccount robot -n shop",
                "serviceaccount/robot created",
            ),
            (
                "create deployment web --image=example/web:1 -n shop",
                "deployment.apps/web created",
            ),
            (
                "create service clusterip web --tcp=80:8080 -n shop",
                "service/web created",
            ),
            ("run one --image=example/one:1 -n shop", "pod/one created"),
        ];
        for (line, expected) in made {
            assert_eq!(kubectl.ok(line), format!("{expected}\n"), "{line}");
        }
        let pods = kubectl.ok("get pods -n shop -o name");
        assert_eq!(pods, "pod/one\npod/web-0\n");
        let target = "get svc web -n shop -o jsonpath={.spec.ports[0].targetPort}";
        assert_eq!(kubectl.ok(target), "8080");
        kubectl.ok("delete namespace shop");
        assert_eq!(kubectl.ok("get pods,cm,sa,svc -n shop -o name"), "");
    });
}

#[test]
fn kubectl_finds_its_way() {
    with_each(|kubectl| {
        let resources = kubectl.ok("api-resources --namespaced=true -o name");
        for name in ["virtualservices.networking.istio.io", "pods", "configmaps"] {
            assert!(
                resources.lines().any(|line| line == name),
                "{name} in {resources}"
            );
        }
        let of_istio = kubectl.ok("get istio-io -A -o name");
        assert_eq!(of_istio, "");
        assert_eq!(kubectl.ok("auth can-i list virtualservices"), "yes\n");
        assert_eq!(kubectl.ok("get --raw /healthz"), "ok");
        assert!(kubectl.words("version").out.contains("sealane"));
        let said = kubectl.words("get virtualservce");
        assert!(
            said.err.contains("doesn't have a resource type"),
            "{said:?}"
        );
        assert!(kubectl.ok("cluster-info").contains("is running at"));
    });
}

#[test]
fn a_kubeconfig_leads_to_the_mesh() {
    with_each(|kubectl| {
        let said = kubectl
            .mesh()
            .run(&["kubeconfig", "--namespace", "istio-system"]);
        assert_eq!(said.code, 0, "{said:?}");
        let config = kubectl.file("kubeconfig", &said.out);
        let mut command = kubectl.command(&["get", "svc", "-o", "name"]);
        let command = command.env("KUBECONFIG", &config);
        // The server of the command line would hide the one of the file.
        let args: Vec<_> = command.get_args().skip(2).map(ToOwned::to_owned).collect();
        let mut plain = std::process::Command::new(command.get_program());
        plain.args(args).env("KUBECONFIG", &config);
        let said = crate::kubectl::ended(&mut plain);
        assert_eq!(said.out, "service/istio-ingressgateway\n", "{said:?}");
    });
}
