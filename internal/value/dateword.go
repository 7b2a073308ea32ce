package value

import "time"

// word reads a word: a zone's abbreviation before all else, then the words of dates, then a zone's name.
func (d *dateDecoder) word(i int, text string) (partSet, error) {
	if a, ok := abbreviationTable()[text]; ok {
		return d.abbreviated(text, a)
	}
	w, ok := dateWords[text]
	if !ok {
		zone, ok := zoneCached(text)
		if !ok {
			return 0, badFormat
		}
		d.zone = zone
		return zonePart, nil
	}
	switch w.kind {
	case reservedWord:
		return d.reserved(w.n)
	case monthWord:
		if d.timeOnly {
			return 0, badFormat
		}
		found := monthPart
		if d.seen&monthPart != 0 && !d.textMonth && d.seen&dayPart == 0 && d.month >= 1 && d.month <= 31 {
			d.day, found = d.month, dayPart // the number before it was the day
		}
		d.textMonth = true
		d.month = w.n
		return found, nil
	case weekdayWord:
		if d.timeOnly {
			return 0, badFormat
		}
		return weekdayPart, nil
	case dstWord:
		d.offset += w.n
		return dstWordPart | dstPart, nil
	case meridian:
		d.meridian = w.n
		return meridianPart, nil
	case eraWord:
		d.bc = w.n == 1
		return eraPart, nil
	case unitWord:
		d.label = dateUnit(w.n)
		return 0, nil
	case isoTimeWord:
		if !d.timeOnly && d.seen&dateParts != dateParts {
			return 0, badFormat
		}
		if i+1 >= len(d.fields) {
			return 0, badFormat
		}
		if k := d.fields[i+1].kind; k != numberField && k != timeField && k != dateField {
			return 0, badFormat
		}
		d.label = timeUnit
	}
	return 0, nil
}

// abbreviated takes a zone's short name.
func (d *dateDecoder) abbreviated(text string, a abbreviation) (partSet, error) {
	if a.zone != "" {
		zone, err := time.LoadLocation(a.zone)
		if err != nil {
			return 0, err
		}
		d.zone, d.short = zone, text
		return zonePart, nil
	}
	d.offset = a.offset
	if a.dst {
		return zonePart | dstPart, nil
	}
	return zonePart, nil
}

// reserved takes a word that is a whole value.
func (d *dateDecoder) reserved(n int) (partSet, error) {
	d.whole = -1
	switch n {
	case nowValue:
		t := time.Now().UnixMicro()
		offset := d.sessionOffset(t)
		c := civilOf(t + int64(offset)*second)
		d.hour, d.minute = int(c.micros/hour), int(c.micros/minute%60)
		d.second, d.fraction = int(c.micros/second%60), c.micros%second
		if d.timeOnly {
			return timeParts, nil
		}
		d.year, d.month, d.day, d.offset = c.year, c.month, c.day, offset
		return dateParts | timeParts | zonePart, nil
	case midnightUTC:
		d.hour, d.minute, d.second, d.fraction, d.offset = 0, 0, 0, 0, 0
		return timeParts | zonePart, nil
	}
	if d.timeOnly {
		return 0, badFormat
	}
	switch n {
	case todayValue, tomorrowValue, yesterdayValue:
		t := d.now()
		switch n {
		case tomorrowValue:
			t += day
		case yesterdayValue:
			t -= day
		}
		c := civilOf(t)
		d.year, d.month, d.day = c.year, c.month, c.day
		d.hour, d.minute, d.second = 0, 0, 0
		return dateParts, nil
	}
	d.whole = n
	return wholePart, nil
}
