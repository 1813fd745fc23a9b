//! `sealane get -w`: what there is, and then each change as it comes.

use anyhow::{Result, bail};
use sealane_model::kind::Kind;
use serde_json::Value;

use super::rows::Shape;
use super::{Wanted, list_path, servers};
use crate::args::{Get, GetOutput, Output};
use crate::client::Admin;
use crate::columns::text;
use crate::output::table;
use crate::print::print_value;
use crate::{print, rest};

/// Shows and watches objects of one kind.
pub(super) async fn run(args: &Get, admin: &Admin, wanted: &[(Wanted, Vec<String>)]) -> Result<()> {
    let (kind, names) = match wanted {
        [(Wanted::Objects(kind), names)] => (*kind, names),
        [(Wanted::Workloads, _)] => {
            bail!("workloads cannot be watched\n  watch their pods: sealane get pods -w")
        }
        _ => bail!("one kind can be watched at a time\n  want sealane get KIND -w"),
    };
    let list = admin.get(&list_path(args, kind)).await?;
    let version = text(&list, "/metadata/resourceVersion");
    let items = list.get("items").and_then(Value::as_array);
    let mut items: Vec<Value> = items.cloned().unwrap_or_default();
    items.retain(|item| is_meant(item, names));
    if kind == Kind::Gateway {
        servers::add(admin, &mut items).await?;
    }
    let mut shown = Shown::new(args, kind);
    shown.first(&items)?;
    let path = list_path(args, kind);
    let sign = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{sign}watch=true&resourceVersion={version}");
    let mut events = admin.lines(&path).await?;
    while let Some(line) = events.next().await? {
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(object) = event.get("object").filter(|it| is_meant(it, names)) else {
            continue;
        };
        shown.next(object)?;
    }
    Ok(())
}

fn is_meant(item: &Value, names: &[String]) -> bool {
    names.is_empty() || names.contains(&text(item, "/metadata/name"))
}

/// Rows one after the other, in columns that only grow.
struct Shown<'a> {
    args: &'a Get,
    kind: Kind,
    shape: Shape,
    widths: Vec<usize>,
}

impl<'a> Shown<'a> {
    fn new(args: &'a Get, kind: Kind) -> Self {
        Self {
            args,
            kind,
            shape: Shape::new(args, kind, false),
            widths: Vec::new(),
        }
    }

    /// What is there at the beginning, under the headers.
    fn first(&mut self, items: &[Value]) -> Result<()> {
        if !matches!(
            &self.args.output,
            GetOutput::Form(Output::Table | Output::Wide)
        ) {
            return items.iter().try_for_each(|item| self.next(item));
        }
        let rows: Vec<Vec<String>> = items.iter().map(|item| self.shape.row(item)).collect();
        let headers: Vec<&str> = self.shape.headers.iter().map(String::as_str).collect();
        let all = rows.iter().chain(std::iter::once(&self.shape.headers));
        self.widths = vec![0; headers.len()];
        for row in all {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        print::text(&table(&headers, &rows))
    }

    fn next(&mut self, item: &Value) -> Result<()> {
        match &self.args.output {
            GetOutput::JsonPath(template) => print::line(format_args!("{}", template.render(item))),
            GetOutput::Form(Output::Json) => print::line(format_args!("{item}")),
            GetOutput::Form(Output::Yaml) => {
                print::line(format_args!("---"))?;
                print_value(Output::Yaml, item)
            }
            GetOutput::Form(Output::Name) => {
                let name = rest::qualified_name(self.kind, &text(item, "/metadata/name"));
                print::line(format_args!("{name}"))
            }
            GetOutput::Form(Output::Table | Output::Wide) => {
                let row = self.shape.row(item);
                let mut line = String::new();
                for (width, cell) in self.widths.iter_mut().zip(&row) {
                    *width = (*width).max(cell.chars().count());
                    let cell = format!("{cell:<width$}   ", width = *width);
                    line.push_str(&cell);
                }
                print::line(format_args!("{}", line.trim_end()))
            }
        }
    }
}
