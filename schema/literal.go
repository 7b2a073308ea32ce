package schema

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	numberForm = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(?i:nan|inf|infinity)$`)
	dateForm   = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)
	uuidForm   = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
)

// checkLiteral says why text is no value of a type, as the end of a sentence; empty where it is one, and where only the
// database can tell.
func checkLiteral(text string, t Type) string {
	if t.Array {
		if !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") {
			return "is no list"
		}
		return ""
	}
	t = t.Underlying()
	if t.Array {
		return ""
	}
	trimmed := strings.TrimSpace(text)
	switch t.Base {
	case Bool:
		words := []string{"true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0"}
		if !slices.Contains(words, strings.ToLower(trimmed)) {
			return "is neither true nor false"
		}
	case Int2, Int4, Int8:
		bits := map[Base]int{Int2: 16, Int4: 32, Int8: 64}[t.Base]
		_, err := strconv.ParseInt(trimmed, 10, bits)
		switch {
		case err == nil:
		case strings.Contains(err.Error(), "out of range"):
			return fmt.Sprintf("is out of range for %s", t.Name)
		default:
			return "is no whole number"
		}
	case Float4, Float8, Numeric:
		if !numberForm.MatchString(trimmed) {
			return "is no number"
		}
	case UUID:
		if !uuidForm.MatchString(strings.NewReplacer("-", "", "{", "", "}", "").Replace(trimmed)) {
			return "is no UUID"
		}
	case Date, Timestamp, TimestampTZ:
		if d := dateForm.FindString(trimmed); d != "" {
			if _, err := time.Parse(time.DateOnly, d); err != nil {
				return "is no day of the calendar"
			}
		} else if trimmed == "" || numberForm.MatchString(trimmed) && !strings.Contains(strings.ToLower(trimmed), "inf") && len(trimmed) < 6 {
			return "is no moment"
		}
	case JSON, JSONB:
		if !json.Valid([]byte(text)) {
			return "is no JSON"
		}
	case EnumBase:
		if t.Enum != nil {
			return checkLabel(text, t.Enum)
		}
	}
	return ""
}

func checkLabel(text string, e *Enum) string {
	var labels []string
	for _, v := range e.Values {
		if v.Value == text {
			return ""
		}
		labels = append(labels, v.Value)
	}
	if n := nearest(text, labels); n != "" {
		return fmt.Sprintf("is none of %s's values; is it %q?", e.Type, n)
	}
	return fmt.Sprintf("is none of %s's values", e.Type)
}

// exampleLiteral shows a value of a type.
func exampleLiteral(t Type) string {
	if t.Array {
		return `"{a,b}"`
	}
	t = t.Underlying()
	if t.Base == EnumBase && t.Enum != nil && len(t.Enum.Values) > 0 {
		return strconv.Quote(t.Enum.Values[0].Value)
	}
	examples := map[Base]string{
		Bool: "true", Int2: "1", Int4: "1", Int8: "1", Float4: "1.5", Float8: "1.5", Numeric: "9.50", UUID: `"6f1c0a52-5b0e-4c8e-9a57-0f5a3c2d1b7e"`,
		Date: `"2026-01-31"`, Time: `"09:30"`, TimeTZ: `"09:30+01"`, Timestamp: `"2026-01-31 09:30"`, TimestampTZ: `"2026-01-31T09:30:00Z"`,
		Interval: `"1 day"`, JSON: `"{}"`, JSONB: `"{}"`,
	}
	if e, ok := examples[t.Base]; ok {
		return e
	}
	return `"…"`
}
