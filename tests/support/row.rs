//! Result rows as splunkd holds them: columns with one or several values, in the order in which they were set.

/// One result row (an event, or a row that `stats` made).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    cells: Vec<Cell>,
}

/// One column of a row: its values, and the `__mv_` twin where a test dictates it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cell {
    column: String,
    values: Vec<Vec<u8>>,
    twin: Option<Vec<u8>>,
}

/// A row without columns.
pub(crate) fn row() -> Row {
    Row::default()
}

/// One successful access: `_time`, `bucket_name`, `remote_ip`, `http_status=200`, in this order.
pub(crate) fn access(bucket: &str, ip: &str, time: impl ToString) -> Row {
    row().at(time).bucket(bucket).ip(ip).status("200")
}

impl Row {
    /// Sets one value, bytes as they are. A column that was set before keeps its place.
    pub(crate) fn set(self, column: &str, value: impl AsRef<[u8]>) -> Self {
        self.with(Cell {
            column: column.to_owned(),
            values: vec![value.as_ref().to_vec()],
            twin: None,
        })
    }

    /// Sets a multivalue: the plain column holds the values joined with a line feed, the `__mv_` twin each by itself.
    pub(crate) fn values(self, column: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|value| value.as_bytes().to_vec());
        self.with(Cell {
            column: column.to_owned(),
            values: values.collect(),
            twin: None,
        })
    }

    /// Dictates the bytes of the column's `__mv_` twin; the column must have been set before.
    pub(crate) fn twin(mut self, column: &str, twin: impl AsRef<[u8]>) -> Self {
        let cell = self.cells.iter_mut().find(|cell| cell.column == column);
        cell.expect("the column is set before its twin").twin = Some(twin.as_ref().to_vec());
        self
    }

    /// Sets `_time`: epoch seconds, as a number or as text with a fraction.
    pub(crate) fn at(self, time: impl ToString) -> Self {
        self.set("_time", time.to_string())
    }

    /// Sets `bucket_name`.
    pub(crate) fn bucket(self, name: &str) -> Self {
        self.set("bucket_name", name)
    }

    /// Sets `remote_ip`.
    pub(crate) fn ip(self, address: &str) -> Self {
        self.set("remote_ip", address)
    }

    /// Sets `http_status`.
    pub(crate) fn status(self, status: impl ToString) -> Self {
        self.set("http_status", status.to_string())
    }

    /// Sets `_raw`.
    pub(crate) fn raw(self, line: impl AsRef<[u8]>) -> Self {
        self.set("_raw", line)
    }

    /// Removes a column.
    pub(crate) fn without(mut self, column: &str) -> Self {
        self.cells.retain(|cell| cell.column != column);
        self
    }

    /// The names of the columns, in order.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|cell| cell.column.as_str())
    }

    /// What the plain column holds; empty where the row has no such column.
    pub(crate) fn plain(&self, column: &str) -> Vec<u8> {
        self.cell(column)
            .map_or_else(Vec::new, |cell| cell.values.join(&b'\n'))
    }

    /// What the `__mv_` twin holds: empty for up to one value, else `$a$;$b$` with `$` doubled.
    pub(crate) fn twin_of(&self, column: &str) -> Vec<u8> {
        match self.cell(column) {
            Some(Cell {
                twin: Some(twin), ..
            }) => twin.clone(),
            Some(cell) if cell.values.len() > 1 => encode_values(&cell.values),
            _ => Vec::new(),
        }
    }

    fn cell(&self, column: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.column == column)
    }

    fn with(mut self, new: Cell) -> Self {
        match self.cells.iter_mut().find(|cell| cell.column == new.column) {
            Some(cell) => *cell = new,
            None => self.cells.push(new),
        }
        self
    }
}

fn encode_values(values: &[Vec<u8>]) -> Vec<u8> {
    let encoded: Vec<Vec<u8>> = values.iter().map(|value| encode_value(value)).collect();
    encoded.join(&b';')
}

fn encode_value(value: &[u8]) -> Vec<u8> {
    let mut encoded = vec![b'$'];
    for &byte in value {
        encoded.push(byte);
        if byte == b'$' {
            encoded.push(byte);
        }
    }
    encoded.push(b'$');
    encoded
}
