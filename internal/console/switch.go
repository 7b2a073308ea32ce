package console

import (
	"fmt"
	"net/url"
)

// Switch reads a parameter of a query string that is true or false: absent is false, a bare name is true. Its errors are for whoever asked.
func Switch(raw, name string) (bool, error) {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return false, fmt.Errorf("the query string can't be read: write ?%s=true, or leave it out", name)
	}
	switch values := q[name]; {
	case len(values) == 0:
		return false, nil
	case len(values) > 1:
		return false, fmt.Errorf("?%s stands there %d times: once is enough", name, len(values))
	case values[0] == "" || values[0] == "true":
		return true, nil
	case values[0] == "false":
		return false, nil
	default:
		return false, fmt.Errorf("?%s is true or false, not %.40q", name, values[0])
	}
}
