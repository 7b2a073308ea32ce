package value

import "testing"

func TestNumericKey(t *testing.T) {
	numbers := []string{"0", "-0", "00", "0.0", "-0.00", "1", "01", "+1", "1.0", "1.00", "-1", "-1.0", "10", "1.5", "1.50", "-1.5", ".5", "0.5", "00.5",
		"100", "1e", "NaN", "nan", "Infinity", "inf", "-Infinity", "-inf", "", "12345678901234567890123.4500", "12345678901234567890123.45", "0.05", "5"}
	for _, a := range numbers {
		for _, b := range numbers {
			same := string(AppendNumericKey(nil, a)) == string(AppendNumericKey(nil, b))
			if equal := CompareNumeric(a, b) == 0; same != equal {
				t.Errorf("%q and %q: equal is %v, one key is %v", a, b, equal, same)
			}
		}
	}
}
