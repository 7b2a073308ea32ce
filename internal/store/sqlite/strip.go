package sqlite

// stripNulls is json_strip_nulls of an array of rows: members whose value is null are left out at every depth, and no space
// stands between the parts; the nulls of arrays stay.
func stripNulls(doc []byte) []byte {
	out, _ := stripValue(make([]byte, 0, len(doc)), doc, 0)
	return out
}

func stripValue(dst, b []byte, i int) ([]byte, int) {
	i = skipSpace(b, i)
	if i >= len(b) {
		return dst, i
	}
	switch b[i] {
	case '{':
		dst = append(dst, '{')
		i = skipSpace(b, i+1)
		for first := true; i < len(b) && b[i] != '}'; {
			end := skipValue(b, i)
			key := b[i:end]
			i = skipSpace(b, skipSpace(b, end)+1)
			if end := skipValue(b, i); string(b[i:end]) == "null" {
				i = end
			} else {
				if !first {
					dst = append(dst, ',')
				}
				first = false
				dst = append(append(dst, key...), ':')
				dst, i = stripValue(dst, b, i)
			}
			if i = skipSpace(b, i); i < len(b) && b[i] == ',' {
				i = skipSpace(b, i+1)
			}
		}
		return append(dst, '}'), i + 1
	case '[':
		dst = append(dst, '[')
		i = skipSpace(b, i+1)
		for first := true; i < len(b) && b[i] != ']'; first = false {
			if !first {
				dst = append(dst, ',')
			}
			dst, i = stripValue(dst, b, i)
			if i = skipSpace(b, i); i < len(b) && b[i] == ',' {
				i = skipSpace(b, i+1)
			}
		}
		return append(dst, ']'), i + 1
	}
	end := skipValue(b, i)
	return append(dst, b[i:end]...), end
}
