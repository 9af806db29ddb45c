//! Just enough JSON to print.

pub fn text(text: &str) -> String {
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\0'..='\x1f' => out.push_str(&format!("\\u{:04x}", char as u32)),
            _ => out.push(char),
        }
    }
    out + "\""
}

pub fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub struct Object(Vec<String>);

impl Object {
    pub fn new() -> Self {
        Self(vec![])
    }

    pub fn raw(mut self, name: &str, json: String) -> Self {
        self.0.push(format!("{}:{json}", text(name)));
        self
    }

    pub fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, text(value))
    }

    /// Leaves None out.
    pub fn option(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub fn end(self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}
