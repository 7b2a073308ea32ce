package openapi

// What every description shares.
var (
	errorSchema = object{
		"type":        "object",
		"description": "what went wrong; `pintail explain CODE` says more",
		"required":    []string{"code", "message", "details", "hint"},
		"properties": object{
			"code":    object{"type": "string"},
			"message": object{"type": "string"},
			"details": object{"description": "text, a list of candidates where a name is ambiguous, or null"},
			"hint":    object{"type": []string{"string", "null"}},
		},
	}

	responses = object{"Error": fail("what went wrong")}

	parameters = object{
		"select":      query("select", "columns and related rows, such as id,name,customer(name)"),
		"order":       query("order", "such as placed_at.desc.nullslast,id"),
		"limit":       object{"name": "limit", "in": "query", "schema": object{"type": "integer", "minimum": 0}, "description": "the most rows"},
		"offset":      object{"name": "offset", "in": "query", "schema": object{"type": "integer", "minimum": 0}, "description": "rows to leave out at the beginning"},
		"or":          query("or", "conditions of which one must hold, such as (price.lt.5,name.like.*toast*)"),
		"columns":     query("columns", "the columns that the body's rows set, comma-separated"),
		"on_conflict": query("on_conflict", "the columns of the unique key that says whether a row is there already"),
		"Range":       object{"name": "Range", "in": "header", "schema": object{"type": "string"}, "description": "rows from-to, such as 0-9"},
		"Prefer.read": object{"name": "Prefer", "in": "header", "schema": object{"type": "string"},
			"description": "count=exact|planned|estimated, handling=strict|lenient, timezone=…"},
		"Prefer.write": object{"name": "Prefer", "in": "header", "schema": object{"type": "string"},
			"description": "return=representation|minimal|headers-only, resolution=merge-duplicates|ignore-duplicates, missing=default|null, count=exact, max-affected=…, tx=commit|rollback, handling=strict|lenient, timezone=…"},
	}
)

func query(name, what string) object {
	return object{"name": name, "in": "query", "schema": object{"type": "string"}, "description": what}
}
