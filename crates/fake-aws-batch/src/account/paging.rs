//! Pages of the lists that are short.

use super::error::ApiError;

/// The most that such a page has.
const MAX_PAGE: i32 = 100;

/// The token of an answer that is not what it gave out.
pub(super) fn invalid_token() -> ApiError {
    ApiError::client("The nextToken is not valid.")
}

/// How many a page may have.
pub(super) fn size(max_results: Option<i32>, most: i32) -> Result<usize, ApiError> {
    let size = max_results.unwrap_or(most);
    if size < 1 {
        return Err(ApiError::client("maxResults must be at least 1."));
    }
    Ok(usize::try_from(size.min(most)).unwrap_or_default())
}

/// A page of all items in their order, and the token of the next.
pub(super) fn page<T>(
    items: impl Iterator<Item = T>,
    max_results: Option<i32>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let size = size(max_results, MAX_PAGE)?;
    let from: usize = match token {
        Some(token) => token.parse().map_err(|_| invalid_token())?,
        None => 0,
    };
    let mut items = items.skip(from);
    let page: Vec<T> = items.by_ref().take(size).collect();
    let next = items.next().map(|_| (from + page.len()).to_string());
    Ok((page, next))
}

/// Names or ARNs that are asked for by themselves.
pub(super) fn check_asked(count: usize) -> Result<(), ApiError> {
    if count > 100 {
        return Err(ApiError::client("At most 100 can be described at once."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let first = page(1..=5, Some(2), None).unwrap();
        assert_eq!(first, (vec![1, 2], Some("2".to_owned())));
        let last = page(1..=5, Some(3), first.1.as_deref()).unwrap();
        assert_eq!(last, (vec![3, 4, 5], None));
        assert!(page(1..=5, Some(0), None).is_err());
        assert!(page(1..=5, None, Some("no token")).is_err());
    }
}
