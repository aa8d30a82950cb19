//! What a walk did not show, looked for once more: rows are gone only when the places where they stood are read
//! again, and their neighbours are found there and they are not; and a walk's end is the campaign's end only when
//! the campaign counts as many rows, or nothing stands behind it.

use super::list::ListedCampaign;
use super::page::{PageError, PageReader};
use super::walk::Walker;
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
    // Only what is missing, and what stood beside it: an answer may hold the whole campaign.
    let beside =
        |row: &Missing| [row.before.clone(), row.after.clone()].into_iter().flatten().map(|(id, _)| id);
    let wanted: HashSet<String> =
        missing.iter().flat_map(|row| beside(row).chain([row.id.clone()])).collect();
    let mut shown: HashSet<String> = HashSet::new();
    for ask in places(shape, total, missing) {
        let mut rows = reader.ask(ask).await?;
        while let Some(part) = rows.next().await? {
            let hasher = reader.hasher.clone();
            let view =
                tokio::task::spawn_blocking(move || crate::normalize::PageView::new(part, &hasher)).await?;
            shown.extend(
                view.rows.into_iter().filter_map(|row| row.id).filter(|id| wanted.contains(id.as_str())),
            );
        }
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

/// Looks behind the end of a walk whose pages agree with each other and not with the campaign's own count, or when
/// there is none: a total that lies on every page proves nothing. `shown`: the campaign after the last page.
pub(super) async fn doubt_end(
    walker: &Walker<'_>,
    shown: Option<&ListedCampaign>,
) -> Result<Option<String>, PageError> {
    let total = walker.walk.first_total.unwrap_or(0);
    let counted = shown.and_then(ListedCampaign::rows);
    if counted == Some(total) {
        return Ok(None);
    }
    if let (0, Some(counted)) = (total, counted) {
        return Ok(Some(format!("the campaign counts {counted} rows and shows none")));
    }
    let shape = walker.walk.shape;
    // The end of an answer that holds everything is its own, and nothing stands behind it.
    if shape == Shape::Unpaged && counted.is_none() {
        return Ok(None);
    }
    let last = shape.pages(total);
    // A lone page may be the one before the first, shown in its place.
    let places =
        if matches!(shape, Shape::Paged { first_page: None, .. }) { last..last + 2 } else { last..last + 1 };
    for place in places {
        let mut rows = match walker.reader.ask(shape.ask(place)).await {
            Ok(rows) => rows,
            // Behind the last page there may well be nothing to ask for.
            Err(error) if error.is_bad_request() || error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        while let Some(part) = rows.next().await? {
            let hasher = walker.reader.hasher.clone();
            let view =
                tokio::task::spawn_blocking(move || crate::normalize::PageView::new(part, &hasher)).await?;
            let is_new = |id: &str| walker.seen.place_of(&walker.reader.hasher.row_id(id)).is_none();
            if view.rows.iter().filter_map(|row| row.id.as_deref()).any(is_new) {
                return Ok(Some(format!("there are more rows than the {total} that the pages tell of")));
            }
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
