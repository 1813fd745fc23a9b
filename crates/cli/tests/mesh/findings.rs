//! What a terminal shows of diagnostics, taken apart.

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Finding {
    /// Whether an object is left out because of it.
    pub(crate) is_error: bool,
    /// Its code.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) message: String,
    /// Where: file, line and column; the numbers are 0 where none are shown.
    pub(crate) file: String,
    /// The line.
    pub(crate) line: usize,
    /// The column.
    pub(crate) column: usize,
    /// What to do, in lines.
    pub(crate) help: String,
}

impl Finding {
    /// What to do, in one line.
    pub(crate) fn help_in_a_line(&self) -> String {
        self.help.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// All that a text shows.
pub(crate) fn findings(shown: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    // Where the lines of a repair begin, while they last.
    let mut margin = None;
    for line in shown.lines() {
        if let Some(finding) = head(line) {
            findings.push(finding);
            margin = None;
            continue;
        }
        let Some(last) = findings.last_mut() else {
            continue;
        };
        if let Some((_, place)) = line.split_once("--> ").filter(|_| last.line == 0) {
            let mut parts = place.rsplitn(3, ':');
            let mut number = || parts.next().and_then(|part| part.trim().parse().ok());
            (last.column, last.line) = (number().unwrap_or(0), number().unwrap_or(0));
            last.file = parts.next().unwrap_or_default().to_owned();
        } else if let Some((before, help)) = line.split_once("= help: ") {
            help.clone_into(&mut last.help);
            margin = Some(" ".repeat(before.len() + "= help: ".len()));
        } else if let Some(more) = margin
            .as_ref()
            .and_then(|it| line.strip_prefix(it.as_str()))
        {
            last.help = format!("{}\n{more}", last.help);
        } else {
            margin = None;
        }
    }
    findings
}

fn head(line: &str) -> Option<Finding> {
    let (severity, rest) = line.split_once('[')?;
    let (code, message) = rest.split_once("]: ")?;
    let is_error = match severity {
        "error" => true,
        "warning" => false,
        _ => return None,
    };
    Some(Finding {
        is_error,
        code: code.to_owned(),
        message: message.to_owned(),
        ..Finding::default()
    })
}
