package rest

// A grammar is PostgREST's of the query string (ApiRequest/QueryParams.hs), rule for rule and in its order, since what a
// message says depends on it.
type grammar struct {
	argsAllowed bool // a filter's value may be an argument
}

func lexeme(p rule) rule { return seq(many(oneOf(" \t")), p, many(oneOf(" \t"))) }

func between(open rune, p rule, shut rune) rule { return seq(char(open), p, char(shut)) }

func delimiter() rule { return label("delimiter (.)", char('.')) }

func identifierRule() rule { return many1(or(letter, digit, oneOf("_ $"))) }

func quotedRule() rule {
	return seq(char('"'), many(or(noneOf(`\"`), seq(char('\\'), anyChar))), char('"'))
}

func byDash(p rule) rule {
	return sepBy1(p, try(seq(char('-'), notFollowedBy(char('>')))))
}

func fieldName() rule {
	return label("field name (* or [a..z0..9_$])", or(quotedRule(), byDash(identifierRule())))
}

func jsonPath() rule {
	ends := or(try(ahead(text("->"))), try(ahead(text("::"))), try(ahead(text("."))), try(ahead(text(","))), try(eof))
	index := seq(option(char('-')), many1(digit), ends)
	key := label("any non reserved character different from: .,>()", or(quotedRule(), byDash(many1(noneOf("(-:.,>)")))))
	return many(seq(or(try(text("->>")), try(text("->"))), or(try(index), try(key))))
}

func fieldRule() rule { return lexeme(seq(fieldName(), option(jsonPath()))) }

func (grammar) treePath() rule {
	return seq(sepBy1(fieldName(), delimiter()), option(jsonPath()))
}

func (grammar) logicPath() rule { return sepBy1(fieldName(), delimiter()) }

func (grammar) columns() rule { return sepBy1(fieldName(), lexeme(char(','))) }

func (g grammar) forest() rule {
	return sepBy(g.tree(), lexeme(char(',')))
}

func (g grammar) tree() rule {
	inner := lazily(g.forest)
	return or(
		seq(try(spreadSelect()), between('(', inner, ')')),
		seq(try(relationSelect()), between('(', inner, ')')),
		fieldSelect())
}

func alias() rule {
	return option(try(seq(fieldName(), char(':'), notFollowedBy(char(':')))))
}

func embedParams() rule {
	param := option(seq(char('!'), or(try(text("left")), try(text("inner")), try(fieldName()))))
	return seq(param, param)
}

func spreadSelect() rule {
	return lexeme(seq(text("..."), fieldName(), embedParams(), try(ahead(text("(")))))
}

func relationSelect() rule {
	return lexeme(seq(alias(), noCount(fieldName()), embedParams(), try(ahead(text("(")))))
}

// noCount refuses, without a word, the name that count() begins with.
func noCount(name rule) rule {
	return func(in []rune, at int) reply {
		r := name(in, at)
		if r.ok {
			c := scanner{s: string(in[at:r.at])}
			if s, _ := c.name(); s == "count" {
				return reply{consumed: true, at: r.at, err: r.err}
			}
		}
		return r
	}
}

func fieldSelect() rule {
	ends := or(try(ahead(text(")"))), try(ahead(text(","))), try(eof))
	cast := option(seq(text("::"), identifierRule()))
	aggregation := or(text("sum"), text("avg"), text("count"), try(text("max")), try(text("min")))
	return lexeme(or(
		try(seq(text("*"), ends)),
		try(seq(alias(), text("count()"), cast, ends)),
		seq(alias(), fieldRule(), cast, option(try(seq(char('.'), aggregation, text("()")))), cast, ends)))
}

func (g grammar) filter() rule {
	p := operationRule(many(anyChar))
	if g.argsAllowed {
		return or(p, nothing)
	}
	return p
}

func operationRule(value rule) rule {
	not := or(try(seq(text("not"), delimiter())), nothing)
	one := "unknown single value operator"
	simple := label(one, or(try(text("neq")), try(text("cs")), try(text("cd")), try(text("ov")), try(text("sl")), try(text("sr")),
		try(text("nxr")), try(text("nxl")), try(text("adj"))))
	quant := label(one, or(try(text("eq")), try(text("gte")), try(text("gt")), try(text("lte")), try(text("lt")), try(text("like")),
		try(text("ilike")), try(text("match")), try(text("imatch"))))
	search := or(try(text("fts")), try(text("plfts")), try(text("phfts")), try(text("wfts")))
	element := or(try(seq(quotedRule(), notFollowedBy(noneOf(",)")))), many(noneOf(",)")))
	list := seq(lexeme(char('(')), sepBy1(element, char(',')), lexeme(char(')')))
	truth := label("isVal: (null, not_null, true, false, unknown)",
		or(try(anyCase("null")), try(anyCase("not_null")), try(anyCase("true")), try(anyCase("false")), try(anyCase("unknown"))))
	return seq(not, label("operator (eq, gt, ...)", or(
		seq(try(seq(text("in"), delimiter())), list),
		seq(try(seq(text("is"), delimiter())), truth),
		seq(try(seq(text("isdistinct"), delimiter())), value),
		try(seq(search, option(try(between('(', identifierRule(), ')'))), delimiter(), value)),
		try(seq(simple, delimiter(), value)),
		try(seq(quant, option(try(between('(', or(try(text("any")), text("all")), ')'))), delimiter(), value)))))
}

func anyCase(word string) rule {
	var rs []rule
	for _, c := range word {
		if 'a' <= c && c <= 'z' {
			rs = append(rs, or(char(c), char(c-'a'+'A')))
		} else {
			rs = append(rs, char(c)) // the underscore, which has no other case
		}
	}
	return seq(rs...)
}

func (g grammar) order() rule {
	ends := or(try(ahead(char(','))), try(eof))
	direction := option(or(try(seq(delimiter(), text("asc"))), try(seq(delimiter(), text("desc")))))
	nulls := or(try(seq(delimiter(), text("nullsfirst"))), try(seq(delimiter(), text("nullslast"))))
	tail := seq(direction, or(seq(option(nulls), ends), ends))
	related := seq(fieldName(), between('(', fieldRule(), ')'), tail)
	return sepBy1(lexeme(or(try(related), seq(fieldRule(), tail))), char(','))
}

// logicTree is the root of a tree, which is no filter.
func (g grammar) logicTree() rule {
	not := label("negation operator (not)", or(try(seq(text("not"), delimiter())), nothing))
	op := label("logic operator (and, or)", or(try(text("and")), text("or")))
	return seq(not, op, lexeme(char('(')), sepBy1(lazily(g.logicNode), lexeme(char(','))), lexeme(char(')')))
}

func (g grammar) logicNode() rule {
	array := seq(text("{"), many(noneOf("{}")), text("}"))
	value := or(try(seq(quotedRule(), notFollowedBy(noneOf(",)")))), try(array), many(noneOf(",)")))
	return or(try(seq(fieldRule(), delimiter(), operationRule(value))), g.logicTree())
}
