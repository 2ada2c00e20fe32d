package msturn

// codes are the error codes that exist, each with its usual words
// ([MS-TURN] 2.2.2, Error Code).
var codes = [...]ErrorCode{
	{300, "Try Alternate"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{420, "Unknown Attribute"},
	{431, "Integrity Check Failure"},
	{432, "Missing Username"},
	{434, "Missing Realm"},
	{435, "Missing Nonce"},
	{436, "Unknown User"},
	{437, "Allocation Mismatch"},
	{438, "Stale Nonce"},
	{440, "Unsupported Address Family"},
	{441, "Wrong Credentials"},
	{442, "Unsupported Transport Protocol"},
	{443, "Peer Address Family Mismatch"},
	{486, "Allocation Quota Reached"},
	{500, "Server Error"},
}

// Codes lists the error codes that exist, by number, each with its usual words.
func Codes() []ErrorCode { return append([]ErrorCode(nil), codes[:]...) }

// Failure is the attribute for a code, with its usual words; without words for a
// code that Codes does not have.
func Failure(code int) ErrorCode {
	for _, c := range codes {
		if c.Code == code {
			return c
		}
	}
	return ErrorCode{Code: code}
}
