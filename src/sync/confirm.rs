//! Rows that a walk did not show are gone only when the places where they stood are read again, and their
//! neighbours are found there and they are not.

use super::page::{PageError, PageReader};
use crate::plan::{Ask, Shape};
use crate::store::Missing;
use std::collections::{BTreeSet, HashSet};

/// Reads again where rows are missing. Nothing, when they are gone for certain; else the reason why not.
pub(super) async fn doubt(
    reader: &PageReader,
    shape: Shape,
    total: u64,
    missing: &[Missing],
) -> Result<Option<String>, PageError> {
    let mut shown: HashSet<String> = HashSet::new();
    for ask in places(shape, total, missing) {
        let page = reader.fetch(ask).await?.body;
        let hasher = reader.hasher.clone();
        let view =
            tokio::task::spawn_blocking(move || crate::normalize::PageView::new(page, &hasher)).await?;
        shown.extend(view.rows.into_iter().filter_map(|row| row.id));
    }
    for row in missing {
        if shown.contains(&row.id) {
            return Ok(Some(
                "a row that the walk did not show was there when its place was read again".to_owned(),
            ));
        }
        let neighbours = [&row.before, &row.after];
        if neighbours.into_iter().flatten().any(|(id, _)| !shown.contains(id)) {
            return Ok(Some("the neighbours of a row that is gone were not where they had been".to_owned()));
        }
    }
    Ok(None)
}

/// The pages that hold the neighbours of what is missing, each once.
fn places(shape: Shape, total: u64, missing: &[Missing]) -> Vec<Ask> {
    let Shape::Paged { page_size, .. } = shape else {
        return if missing.is_empty() { Vec::new() } else { vec![Ask::Everything] };
    };
    let size = u64::from(page_size.max(1));
    let last = shape.pages(total) - 1;
    let mut pages = BTreeSet::new();
    for row in missing {
        pages.insert(row.before.as_ref().map_or(0, |(_, place)| place / size));
        pages.insert(row.after.as_ref().map_or(last, |(_, place)| place / size));
    }
    pages.into_iter().map(|index| shape.ask(index.min(last))).collect()
}

#[cfg(test)]
mod tests {
    use super::{Ask, Missing, Shape, places};

    #[test]
    fn the_pages_of_the_neighbours_are_read_once_each() {
        let shape = Shape::Paged { first_page: Some(1), lone_page: 1, page_size: 10 };
        let row = |before: Option<u64>, after: Option<u64>| Missing {
            id: "gone".into(),
            before: before.map(|place| ("a".into(), place)),
            after: after.map(|place| ("b".into(), place)),
        };
        let pages = |missing: &[Missing]| -> Vec<u64> {
            places(shape, 35, missing)
                .into_iter()
                .map(|ask| match ask {
                    Ask::Page { page, .. } => page,
                    Ask::Everything => 0,
                })
                .collect()
        };
        assert_eq!(pages(&[]), Vec::<u64>::new());
        assert_eq!(pages(&[row(Some(3), Some(4))]), [1]);
        assert_eq!(pages(&[row(Some(9), Some(10)), row(Some(12), Some(13))]), [1, 2]);
        assert_eq!(pages(&[row(None, Some(0))]), [1]);
        assert_eq!(pages(&[row(Some(34), None)]), [4]);
        assert_eq!(places(Shape::Unpaged, 35, &[row(None, None)]), [Ask::Everything]);
    }
}
