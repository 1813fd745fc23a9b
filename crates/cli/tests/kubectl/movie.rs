//! The steps of the movie example as its users type them.

use crate::kubectl::{Kubectl, cells, example, with_each};

const FILES: [&str; 7] = [
    "frontend",
    "deployment-v1",
    "deployment-v2",
    "service",
    "gateway",
    "destination-rule",
    "configs",
];

fn file(name: &str) -> String {
    example(&format!("movie/{name}.yaml"))
}

#[test]
fn the_migration_goes_as_its_document_says() {
    with_each(|kubectl| {
        kubectl.ok("label namespace default istio-injection=enabled --overwrite");
        let secret = "create secret generic tmdb-api-key --from-literal=TMDB_API_KEY=key";
        assert_eq!(kubectl.ok(secret), "secret/tmdb-api-key created\n");
        deploys(kubectl);
        shows(kubectl);
        migrates(kubectl);
        explains(kubectl);
        cleans_up(kubectl);
    });
}

fn deploys(kubectl: &Kubectl) {
    for name in FILES.into_iter().chain(["virtual-service-100-0"]) {
        let first = kubectl.ok(&format!("apply -f {}", file(name)));
        assert!(
            first.lines().all(|line| line.ends_with(" created")),
            "{first}"
        );
        let again = kubectl.ok(&format!("apply -f {}", file(name)));
        assert!(
            again.lines().all(|line| line.ends_with(" unchanged")),
            "{again}"
        );
    }
}

fn shows(kubectl: &Kubectl) {
    let pods = kubectl.ok("get pods -l app=movie-backend");
    let pods = cells(&pods);
    assert_eq!(pods[0], ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    assert_eq!(pods[1][..4], ["movie-backend-v1-0", "1/1", "Running", "0"]);
    assert_eq!(pods[2][0], "movie-backend-v2-0");
    assert!(pods[1][4].ends_with(['s', 'm']), "{pods:?}");
    let services = kubectl.ok("get svc movie-backend movie-frontend");
    let services = cells(&services);
    assert_eq!(services[0][..3], ["NAME", "TYPE", "CLUSTER-IP"]);
    assert_eq!(services[1][0..2], ["movie-backend", "ClusterIP"]);
    assert_eq!(services[2][4], "80/TCP");
}

fn migrates(kubectl: &Kubectl) {
    for (v1, v2) in [(80, 20), (50, 50), (0, 100)] {
        let name = format!("virtual-service-{v1}-{v2}");
        let configured = "virtualservice.networking.istio.io/movie-backend configured";
        kubectl.applies(&file(&name), &[configured]);
        let weights = "get virtualservice movie-backend \
                       -o jsonpath={.spec.http[0].route[*].weight}";
        assert_eq!(kubectl.ok(weights), format!("{v1} {v2}"));
    }
}

fn explains(kubectl: &Kubectl) {
    let yaml = kubectl.ok("get destinationrule movie-backend -o yaml");
    assert!(yaml.contains("kind: DestinationRule\n"), "{yaml}");
    let ports = "-n istio-system get service istio-ingressgateway \
                 -o jsonpath={.spec.ports[?(@.name==\"http2\")].port}";
    assert_eq!(kubectl.ok(ports), "80");
    let address = "-n istio-system get service istio-ingressgateway \
                   -o jsonpath={.status.loadBalancer.ingress[0].ip}";
    assert_eq!(kubectl.ok(address), "127.0.0.1");
    let labels = kubectl.ok("get namespace default --show-labels");
    assert!(labels.contains("istio-injection=enabled"), "{labels}");
    assert!(
        kubectl
            .ok("get gateway istio-gateway")
            .contains("istio-gateway")
    );
    let described = kubectl.ok("describe pod movie-backend-v1-0");
    for part in [
        "Status:",
        "Running",
        "Controlled By:",
        "Deployment/movie-backend-v1",
    ] {
        assert!(described.contains(part), "{part} in {described}");
    }
    let described = kubectl.ok("describe virtualservice movie-backend");
    assert!(described.contains("Weight:"), "{described}");
    let proxy = "exec deployment/movie-backend-v1 -- pilot-agent request GET /config_dump";
    let said = kubectl.words(proxy);
    assert_ne!(said.code, 0);
    assert!(said.err.contains("sealane curl"), "{said:?}");
}

fn cleans_up(kubectl: &Kubectl) {
    for name in FILES.into_iter().chain(["virtual-service-0-100"]) {
        let gone = kubectl.ok(&format!("delete -f {}", file(name)));
        assert!(gone.lines().all(|line| line.contains(" deleted")), "{gone}");
    }
    let gone = kubectl.ok("delete secret tmdb-api-key");
    assert!(
        gone.starts_with("secret \"tmdb-api-key\" deleted"),
        "{gone}"
    );
    let said = kubectl.words("get all -l app=movie-backend");
    assert_eq!((said.code, &*said.out), (0, ""));
    assert!(said.err.starts_with("No resources found"), "{said:?}");
}
