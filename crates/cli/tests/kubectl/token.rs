//! kubectl against a mesh that wants a token.

use crate::kubectl::{data, with_each_and_token};

#[test]
fn the_kubeconfig_lets_kubectl_in_and_without_it_nobody_is() {
    with_each_and_token("0123456789abcdef+/=", |kubectl| {
        let said = kubectl.words("get pods");
        assert_eq!(said.code, 1, "{said:?}");
        assert!(
            said.err.contains("must be logged in") || said.err.contains("Unauthorized"),
            "{said:?}"
        );
        let printed = kubectl.mesh().run(&["kubeconfig"]);
        let config = kubectl.file("mesh.yaml", &printed.out);
        let said = kubectl.by_config(&config, &format!("apply -f {}", data("web.yaml")));
        assert_eq!(said.code, 0, "{said:?}");
        let said = kubectl.by_config(&config, "get pods -o name");
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains("pod/web-0\n"), "{said:?}");
    });
}
