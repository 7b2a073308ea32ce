package console

import (
	"strings"
	"testing"
)

func TestSwitch(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want bool
		err  string
	}{
		{"", false, ""},
		{"other=1", false, ""},
		{"look", true, ""},
		{"look=", true, ""},
		{"look=true", true, ""},
		{"look=false", false, ""},
		{"look=maybe", false, `?look is true or false, not "maybe"`},
		{"look=TRUE", false, `not "TRUE"`},
		{"look=%0a" + strings.Repeat("x", 100), false, `not "\n` + strings.Repeat("x", 39) + `"`},
		{"look=true&look=false", false, "stands there 2 times"},
		{"look=true;x", false, "can't be read"},
		{"look=%zz", false, "can't be read"},
	} {
		got, err := Switch(c.raw, "look")
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %v, %v", c.raw, got, err)
		}
	}
}
