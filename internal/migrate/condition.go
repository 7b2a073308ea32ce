package migrate

import (
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// parseCondition reads a check or an index's predicate, as an engine writes it, into the API's where form; nil where it
// can't be said so.
func parseCondition(sql string, t *schema.Table, e Engine) query.Expr { return nil }
