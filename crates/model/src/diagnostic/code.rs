//! The registry of diagnostic codes: one entry for each kind of problem.

use std::fmt;

use crate::diagnostic::Severity;

/// What is known about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeInfo {
    /// The code: `SL0104`.
    pub id: &'static str,
    /// Its usual severity.
    pub severity: Severity,
    /// The problem in a few words.
    pub title: &'static str,
    /// What to do about it.
    pub help: &'static str,
    /// A document, or a part of one, that has it.
    pub example: &'static str,
}

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $id:literal $severity:ident $title:literal
       help $help:literal example $example:literal;)*) => {
        /// A kind of problem. Codes keep their meaning for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$meta])* #[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in the order of the numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The registry entry.
            pub const fn info(self) -> CodeInfo {
                match self {
                    $(Self::$name => CodeInfo {
                        id: $id,
                        severity: Severity::$severity,
                        title: $title,
                        help: $help,
                        example: $example,
                    },)*
                }
            }
        }
    };
}

codes! {
    // SL00xx the text and what its documents are, SL01xx one object, SL02xx several objects
    // together, SL03xx files and the world around the mesh.
    Syntax = "SL0001" Error "the YAML is malformed"
        help "correct the text at the mark; the other documents of the file are not affected"
        example "spec: [a, b";
    Budget = "SL0002" Error "the document is too large"
        help "split it; the limits protect against documents that are made to cost"
        example "a: [[[[[[… 65 deep …]]]]]]";
    AmbiguousScalar = "SL0003" Warning "a text that YAML reads as something else"
        help "quote it if it is a text, or write the value that is meant"
        example "mode: 0777";
    DuplicateKey = "SL0004" Error "a key is written twice"
        help "keep one of them"
        example "match: []\nroute: []\nmatch: []";
    MissingSeparator = "SL0005" Error "two objects in one document"
        help "put a line with `---` between them"
        example "kind: Gateway\nspec: {}\nkind: VirtualService\nspec: {}";
    InvalidKey = "SL0006" Error "a key that is not a text"
        help "write keys as texts"
        example "? [a, b]\n: c";
    Encoding = "SL0007" Error "the file is not UTF-8"
        help "save it as UTF-8"
        example "a file saved as UTF-16";
    Untold = "SL0008" Warning "there are more problems than are shown"
        help "correct those that are shown first"
        example "a document with a hundred unknown fields";
    MissingKind = "SL0010" Error "the document does not say what it is"
        help "begin it with `apiVersion`, `kind` and `metadata`"
        example "spec:\n  http: []";
    UnknownKind = "SL0011" Error "no such kind in this group or version"
        help "correct `kind` or `apiVersion`"
        example "apiVersion: networking.istio.io/v1\nkind: VirtualServce";
    NotAnObject = "SL0012" Error "the document is not an object"
        help "an object is a mapping with `apiVersion`, `kind` and `metadata`"
        example "- a\n- b";
    InvalidName = "SL0013" Error "the name is not allowed"
        help "use lower-case letters, digits, `-` and `.`"
        example "metadata: {name: My_App}";
    UnknownField = "SL0104" Error "unknown field"
        help "remove the field or correct its name"
        example "http:\n- desination: {}";
    WrongType = "SL0105" Error "wrong type of value"
        help "write a value of the wanted type"
        example "hosts: reviews";
    OutOfRange = "SL0106" Error "value out of range"
        help "write a value inside the range"
        example "port: {number: 70000}";
    UnknownValue = "SL0107" Error "not one of the values of this field"
        help "use one of the listed values"
        example "simple: ROUNDROBIN";
    MissingField = "SL0108" Error "a required field is missing"
        help "add the field"
        example "destination: {subset: v1}";
    Contradiction = "SL0109" Error "fields that exclude each other"
        help "keep one of the fields"
        example "uri: {exact: /a, prefix: /b}";
    InvalidText = "SL0110" Error "the text does not have the wanted form"
        help "write it in the form that the message names"
        example "timeout: 5";
    InvalidHost = "SL0111" Error "the host is not allowed here"
        help "write a DNS name; a wildcard may only be its first label"
        example "hosts: [\"my_host.com\"]";
    InvalidRegex = "SL0112" Error "the regular expression does not compile"
        help "write it in RE2's syntax, which has no look-around and no back-references"
        example "uri: {regex: \"(?!a)b\"}";
    NoDestination = "SL0121" Error "the route has no destination"
        help "add `route`, `redirect`, `directResponse` or `delegate`"
        example "http:\n- match: [{uri: {prefix: /}}]";
    ZeroWeights = "SL0122" Error "the weights sum to zero"
        help "give at least one destination a weight"
        example "route: [{destination: {host: a}}, {destination: {host: b}}]";
    Empty = "SL0123" Error "a block without content"
        help "set one of its fields, or remove the block"
        example "trafficPolicy: {}";
    Repeated = "SL0124" Error "the same thing twice"
        help "keep one of them"
        example "subsets: [{name: v1}, {name: v1}]";
    NotActedOn = "SL0150" Warning "the field is read but has no effect yet"
        help "the field may stay; nothing acts on it in this version"
        example "trafficPolicy: {proxyProtocol: {version: V2}}";
    Deprecated = "SL0151" Warning "the field is deprecated"
        help "use the field that replaces it"
        example "mirrorPercent: 10";
    Suspicious = "SL0152" Warning "allowed, but hardly meant"
        help "change it unless it is meant"
        example "tls: {mode: PASSTHROUGH, credentialName: cert}";
    Unreadable = "SL0300" Error "the file cannot be read"
        help "make the file readable, or leave it out"
        example "a file without read permission";
    DeclaredTwice = "SL0301" Warning "the same object is declared in several places"
        help "keep one of the declarations; the last one, by path, is live"
        example "two files with VirtualService default/reviews";
    Template = "SL0302" Warning "the file is a template, not a manifest"
        help "render it first and pipe the result: helm template … | sealane up -"
        example "name: {{ .Release.Name }}";
    Emptied = "SL0303" Error "a file that declared objects is empty"
        help "delete the file to take its objects away, or write a comment into it"
        example "a file of length 0 where a save broke off";
    PodAnnotation = "SL0310" Warning "a sealane.dev annotation cannot be read"
        help "correct the value; the annotation has no effect as it is"
        example "sealane.dev/status: \"99\"";
    PodRunsSimulated = "SL0311" Warning "the pod is simulated"
        help "declare the command in a file, and start with sealane up --allow-commands FILE"
        example "sealane.dev/command: ./server --port $PORT";
    NoAddress = "SL0312" Warning "no address is left for the object"
        help "declare fewer pods and Services; each range holds about 60,000"
        example "replicas: 100000";
    InventedHost = "SL0313" Warning "a host was invented that is nearly called as another one"
        help "correct the name, or declare a Service for it; --no-invent invents nothing"
        example "destination: {host: revews}";
    UnreachableRule = "SL0201" Warning "no request reaches the rule"
        help "move the rule before the one that takes every request, or remove it"
        example "http:\n- route: [{destination: {host: a}}]\n- route: [{destination: {host: b}}]";
    UnknownDelegate = "SL0202" Warning "the delegate VirtualService is not there"
        help "declare the delegate without hosts, and export it to the namespace of the root"
        example "http:\n- delegate: {name: missing}";
    DelegateConflict = "SL0203" Warning "no request can meet both the root's and the delegate's conditions"
        help "make the delegate's conditions narrower than the root's, or leave them out"
        example "http:\n- match: [{uri: {prefix: /a}}]\n  delegate: {name: b}";
    UnknownHost = "SL0204" Warning "the destination is no known service"
        help "declare a Service or ServiceEntry of this host, or correct the name"
        example "destination: {host: missing}";
    UnknownSubset = "SL0205" Warning "the subset is not defined"
        help "define the subset in a DestinationRule of this host that the caller finds"
        example "destination: {host: reviews, subset: missing}";
    UnknownPort = "SL0206" Warning "the service does not have the port"
        help "name one of the service's ports in destination.port"
        example "destination: {host: reviews, port: {number: 81}}";
    EmptySubset = "SL0207" Warning "no workload has the labels of the subset"
        help "correct the labels of the subset or of the pods"
        example "subsets:\n- name: v1\n  labels: {version: missing}";
    DuplicateHost = "SL0208" Warning "an older VirtualService has the host already"
        help "merge the rules into one VirtualService, or use delegates"
        example "hosts: [reviews]";
    GatewayConflict = "SL0209" Warning "the server contradicts an older one of the same port"
        help "use another port, another bind address or other hosts"
        example "servers:\n- port: {number: 80, name: a, protocol: TCP}\n  hosts: ['*']";
    NothingSelected = "SL0210" Warning "the selector matches no workload"
        help "correct the labels of the selector"
        example "selector: {istio: missing}";
    UnknownGateway = "SL0211" Warning "the VirtualService names a Gateway that is not there"
        help "declare the Gateway, or correct its name (NAMESPACE/NAME)"
        example "gateways: [missing]";
    HostNotInGateway = "SL0212" Warning "no server of the Gateway has a host of the VirtualService"
        help "add the host to a server of the Gateway"
        example "hosts: [a.example.com]\ngateways: [other]";
    SilentlyDropped = "SL0213" Warning "Istio drops the field without a word, and so does Sealane"
        help "see the message"
        example "tls: {mode: SIMPLE, credentialName: cert}";
    MissingCredential = "SL0214" Warning "the certificate of a server is not there"
        help "declare the Secret in the namespace of the gateway's pods, with tls.crt and tls.key"
        example "tls: {mode: SIMPLE, credentialName: missing}";
    BrokenCredential = "SL0215" Warning "the certificate of a server cannot be used"
        help "give the Secret a certificate and its key as PEM, in base64"
        example "kind: Secret\ndata: {tls.crt: '', tls.key: ''}";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Code;

    #[test]
    fn every_code_has_a_number_of_its_own_help_and_an_example() {
        let ids: BTreeSet<&str> = Code::ALL.iter().map(|code| code.info().id).collect();
        assert_eq!(ids.len(), Code::ALL.len());
        for code in Code::ALL {
            let info = code.info();
            assert!(info.id.starts_with("SL") && info.id.len() == 6, "{code}");
            let texts = [info.title, info.help, info.example];
            assert!(texts.iter().all(|text| !text.is_empty()), "{code}");
        }
    }
}
