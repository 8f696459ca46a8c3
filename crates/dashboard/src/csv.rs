//! A list as a CSV file: all its pages, read one after the other as the reader takes them.

use std::io;

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderName, Response};
use bytes::Bytes;
use csv::Writer;
use futures_util::future::BoxFuture;
use futures_util::stream;

use crate::errors::Failed;
use crate::table::{Column, ColumnPlace, Row};

/// Rows that are read at once.
pub(crate) const PAGE: usize = 1_000;

/// One page of rows, and the cursor of the next.
pub(crate) type Rows = (Vec<Row>, Option<String>);

/// A list's pages, by cursor.
pub(crate) type Pages =
    Box<dyn Fn(Option<String>) -> BoxFuture<'static, Result<Rows, Failed>> + Send + Sync>;

/// Where a file stands that is being written.
enum Next {
    Page(Option<String>),
    End,
}

/// The file. The first page is read before anything is answered: what is wrong with it is an error page and no
/// broken file.
pub(crate) async fn file(
    name: &str,
    columns: &[Column],
    pages: Pages,
) -> Result<Response<Body>, Failed> {
    let (rows, next) = pages(None).await?;
    let kept: Vec<bool> = columns
        .iter()
        .map(|column| column.place != ColumnPlace::Page)
        .collect();
    let labels = columns.iter().zip(&kept).filter(|(_, kept)| **kept);
    let mut first = Writer::from_writer(Vec::new());
    first
        .write_record(labels.map(|(column, _)| column.in_csv))
        .map_err(|error| unwritable(&error))?;
    let first = write(first, &kept, &rows)?;
    let next = next.map_or(Next::End, |cursor| Next::Page(Some(cursor)));
    let rest = stream::unfold((pages, kept, next), |(pages, kept, next)| async move {
        let Next::Page(cursor) = next else {
            return None;
        };
        let read = pages(cursor).await.and_then(|(rows, next)| {
            let piece = write(Writer::from_writer(Vec::new()), &kept, &rows)?;
            Ok((piece, next))
        });
        match read {
            Ok((piece, next)) => {
                let next = next.map_or(Next::End, |cursor| Next::Page(Some(cursor)));
                Some((Ok(piece), (pages, kept, next)))
            }
            Err(failed) => {
                // The answer has begun: it is broken off, so that nobody takes it for whole.
                tracing::warn!(?failed, "a list is broken off");
                Some((
                    Err(io::Error::other("the list cannot be read on")),
                    (pages, kept, Next::End),
                ))
            }
        }
    });
    let first = stream::once(async { Ok::<Bytes, io::Error>(first) });
    let mut response = Response::new(Body::from_stream(futures_util::StreamExt::chain(
        first, rest,
    )));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    let attached = format!("attachment; filename=\"{name}.csv\"");
    if let Ok(attached) = HeaderValue::from_str(&attached) {
        headers.insert(CONTENT_DISPOSITION, attached);
    }
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

/// Writes the cells of the columns that are kept.
fn write(mut writer: Writer<Vec<u8>>, kept: &[bool], rows: &[Row]) -> Result<Bytes, Failed> {
    for row in rows {
        let cells = row.cells.iter().zip(kept).filter(|(_, kept)| **kept);
        writer
            .write_record(cells.map(|(cell, _)| harmless(cell.plain())))
            .map_err(|error| unwritable(&error))?;
    }
    let written = writer
        .into_inner()
        .map_err(|error| Failed::broken(error.to_string()))?;
    Ok(Bytes::from(written))
}

/// A text that no spreadsheet takes for a formula (OWASP, CSV injection): names come from outside.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}

fn unwritable(error: &csv::Error) -> Failed {
    Failed::broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Cell;

    #[test]
    fn names_are_no_formulas() {
        let row = Row {
            cells: vec![
                Cell::text("=cmd()"),
                Cell::text("a,b"),
                Cell::Number(12_345),
                Cell::text("not in a file"),
                Cell::None,
            ],
        };
        let kept = [true, true, true, false, true];
        let written = write(Writer::from_writer(Vec::new()), &kept, &[row]).unwrap();
        assert_eq!(&written[..], b"'=cmd(),\"a,b\",12345,\n");
    }
}
