package sqlite

import (
	"time"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// castValue converts as CAST does, by way of the text.
func castValue(from, to schema.Type, v any, zone *time.Location) (any, error) {
	if v == nil {
		return nil, nil
	}
	text := string(value.AppendText(nil, from, v, zone))
	if base(to) == schema.Text && to.Modifier == "" && !to.Array {
		if b, ok := v.(bool); ok {
			if b {
				return "true", nil
			}
			return "false", nil
		}
		return text, nil
	}
	return value.ParseIn(to, text, zone)
}
