//! Steps of smaller documents: objects in namespaces that nobody made before.

use crate::kubectl::{cells, data, with_each};

#[test]
fn rules_of_a_namespace_that_nobody_made() {
    with_each(|kubectl| {
        for (file, name) in [
            (
                "destination-rule",
                "destinationrule.networking.istio.io/httpbin",
            ),
            (
                "canary-deployment",
                "virtualservice.networking.istio.io/canary-deployment",
            ),
            (
                "traffic-splitting",
                "virtualservice.networking.istio.io/traffic-splitting",
            ),
        ] {
            let file = data(&format!("sample-app/{file}.yaml"));
            let apply = ["apply", "-n", "sample-app", "-f", &*file];
            assert_eq!(kubectl.run(&apply).out, format!("{name} created\n"));
            assert_eq!(kubectl.run(&apply).out, format!("{name} unchanged\n"));
        }
        let shown = kubectl.ok("get dr,vs -n sample-app");
        assert!(
            shown.contains("destinationrule.networking.istio.io/httpbin"),
            "{shown}"
        );
        let namespaces = kubectl.ok("get ns sample-app -o name");
        assert_eq!(namespaces, "namespace/sample-app\n");
    });
}

#[test]
fn the_notes_are_routed() {
    with_each(|kubectl| {
        let file = data("notes-app/virtualservice-notes-app.yaml");
        let said = kubectl.run(&["apply", "-f", &file]);
        assert_eq!(
            said.out,
            "virtualservice.networking.istio.io/notes-app created\n"
        );
        // Its Services are not there yet, so they are invented.
        let invented = kubectl.ok("get services -n notes-app -o name");
        assert_eq!(
            invented,
            "service/notes-app-backend\nservice/notes-app-frontend\n"
        );
        let shown = kubectl.ok("get virtualservice -n notes-app");
        let rows = cells(&shown);
        assert_eq!(rows[0], ["NAME", "GATEWAYS", "HOSTS", "AGE"]);
        assert_eq!(
            rows[1][..2],
            [
                "notes-app",
                "[\"notes-app-backend\",\"notes-app-frontend\"]"
            ]
        );
    });
}

#[test]
fn a_folder_of_objects_that_act_and_others_that_do_not() {
    with_each(|kubectl| {
        let folder = data("mixed");
        let said = kubectl.run(&["apply", "-R", "-f", &folder]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(said.out.matches(" created").count(), 7, "{said:?}");
        assert!(said.err.contains("ConfigMap web is kept, but"), "{said:?}");
        let again = kubectl.run(&["apply", "-R", "-f", &folder]);
        assert_eq!(again.out.matches(" unchanged").count(), 7, "{again:?}");
        for (kind, word) in [
            ("cm", "1"),
            ("sa", "web"),
            ("ingress", "web.example"),
            ("hpa", "Deployment/web"),
            ("pa", "STRICT"),
        ] {
            let shown = kubectl.ok(&format!("get {kind} web"));
            assert!(shown.contains(word), "{kind}: {shown}");
        }
        let gone = kubectl.run(&["delete", "-R", "-f", &folder]);
        assert_eq!(gone.out.matches(" deleted").count(), 7, "{gone:?}");
    });
}
