package plantedtest

var chinookValues = map[string]Values{}

var chinookQueries []Query
