//! SPDX licence expressions: `(MIT OR Apache-2.0) AND Unicode-3.0`.
//!
//! `WITH` binds closest, then `AND`, then `OR`. The older `MIT/Apache-2.0`,
//! which crates.io still knows, means `OR`.

/// Whether some choice of licences that the expression offers is allowed
/// throughout; nothing if it is no expression.
pub(crate) fn is_satisfied(expression: &str, is_allowed: impl Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader {
        words: &words,
        is_allowed,
    };
    let satisfied = reader.any_of()?;
    reader.words.is_empty().then_some(satisfied)
}

struct Reader<'a, F> {
    words: &'a [&'a str],
    is_allowed: F,
}

impl<F: Fn(&str) -> bool> Reader<'_, F> {
    fn any_of(&mut self) -> Option<bool> {
        let mut satisfied = self.all_of()?;
        while self.take("OR") {
            satisfied |= self.all_of()?;
        }
        Some(satisfied)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut satisfied = self.one()?;
        while self.take("AND") {
            satisfied &= self.one()?;
        }
        Some(satisfied)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let satisfied = self.any_of()?;
            return self.take(")").then_some(satisfied);
        }
        let licence = self.identifier()?;
        if self.take("WITH") {
            let exception = self.identifier()?;
            return Some((self.is_allowed)(&format!("{licence} WITH {exception}")));
        }
        Some((self.is_allowed)(&licence))
    }

    fn identifier(&mut self) -> Option<String> {
        let (first, rest) = self.words.split_first()?;
        if ["AND", "OR", "WITH", "(", ")"].contains(first) {
            return None;
        }
        self.words = rest;
        Some((*first).to_owned())
    }

    fn take(&mut self, expected: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == expected => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_satisfied;

    fn judged(expression: &str) -> Option<bool> {
        let allowed = [
            "MIT",
            "Apache-2.0",
            "Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ];
        is_satisfied(expression, |licence| allowed.contains(&licence))
    }

    #[test]
    fn one_allowed_alternative_is_enough() {
        assert_eq!(judged("GPL-3.0-only OR MIT"), Some(true));
        assert_eq!(judged("GPL-3.0-only/MIT"), Some(true));
        assert_eq!(judged("GPL-3.0-only OR LGPL-2.1-only"), Some(false));
    }

    #[test]
    fn every_part_of_a_conjunction_must_be_allowed() {
        assert_eq!(judged("(MIT OR Apache-2.0) AND Unicode-3.0"), Some(true));
        assert_eq!(judged("MIT AND OpenSSL"), Some(false));
    }

    #[test]
    fn and_binds_closer_than_or() {
        assert_eq!(judged("MIT OR Apache-2.0 AND OpenSSL"), Some(true));
        assert_eq!(judged("(MIT OR Apache-2.0) AND OpenSSL"), Some(false));
    }

    #[test]
    fn an_exception_is_judged_with_its_licence() {
        assert_eq!(judged("Apache-2.0 WITH LLVM-exception"), Some(true));
        assert_eq!(judged("MIT WITH LLVM-exception"), Some(false));
    }

    #[test]
    fn what_is_no_expression_is_not_judged() {
        for broken in ["", "MIT OR", "(MIT", "MIT)", "AND MIT", "MIT Apache-2.0"] {
            assert_eq!(judged(broken), None, "{broken}");
        }
    }
}
