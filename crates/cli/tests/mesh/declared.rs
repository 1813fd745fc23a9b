//! What files of `manifests` declare, read line by line and without any parser of ours, so that what
//! the product overlooks is not overlooked here.

use crate::findings::Finding;

/// A part of a file between lines of `---`, read without any parser of ours.
#[derive(Debug)]
pub(crate) struct Document {
    /// The file.
    pub(crate) file: String,
    /// Its first and its last line.
    pub(crate) lines: (usize, usize),
    /// The objects that it says it is: one when nothing is wrong.
    pub(crate) kinds: Vec<String>,
    /// The namespace.
    pub(crate) namespace: String,
    /// The name; empty where there is none.
    pub(crate) name: String,
}

/// The documents of a file that have a content.
pub(crate) fn documents(file: &str, text: &str) -> Vec<Document> {
    let numbered: Vec<(usize, &str)> = (1..).zip(text.lines()).collect();
    let parts = numbered.split(|(_, line)| line.starts_with("---"));
    let written = |line: &&(usize, &str)| {
        let line = line.1.trim();
        !line.is_empty() && !line.starts_with('#')
    };
    let read = |part: &[(usize, &str)]| {
        let lines: Vec<&(usize, &str)> = part.iter().filter(written).collect();
        let [(first, start), .., (last, _)] = lines.as_slice() else {
            return None;
        };
        let blanks = |line: &str| line.len() - line.trim_start().len();
        let (top, mut section) = (blanks(start), "");
        let mut document = Document {
            file: file.to_owned(),
            lines: (*first, *last),
            kinds: Vec::new(),
            namespace: "default".to_owned(),
            name: String::new(),
        };
        for (_, line) in lines.iter().copied() {
            let (key, value) = line.split_once(':').unwrap_or((line, ""));
            let (key, value) = (key.trim(), value.trim());
            if blanks(line) == top {
                section = key;
            }
            match (section, key) {
                ("kind", "kind") => document.kinds.push(value.to_owned()),
                ("metadata", "name") if document.name.is_empty() => {
                    value.clone_into(&mut document.name);
                }
                ("metadata", "namespace") => value.clone_into(&mut document.namespace),
                _ => {}
            }
        }
        Some(document)
    };
    parts.filter_map(read).collect()
}

impl Document {
    /// `VirtualService default/reviews`.
    pub(crate) fn key(&self) -> String {
        format!("{} {}/{}", self.kinds.join("+"), self.namespace, self.name)
    }

    /// The findings that are about it.
    pub(crate) fn found<'a>(&self, findings: &'a [Finding]) -> impl Iterator<Item = &'a Finding> {
        let (file, (first, last)) = (format!("manifests/{}", self.file), self.lines);
        let is_here = move |it: &&Finding| it.file == file && (first..=last).contains(&it.line);
        findings.iter().filter(is_here)
    }

    /// Whether one of them is an error.
    pub(crate) fn is_broken(&self, findings: &[Finding]) -> bool {
        self.found(findings).any(|found| found.is_error)
    }
}
