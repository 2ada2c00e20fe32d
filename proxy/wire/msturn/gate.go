package msturn

// Gate decides whether a request may pass: what a relay knows of its users, and
// the order in which it looks ([MS-TURN] 3.2, digest challenge).
type Gate struct {
	Realm Realm // as on the wire, quoted
	// Password gives a user's password, raw, and whether the user is known.
	Password func(username []byte) (password []byte, known bool)
	// Fresh says whether a nonce is one of ours and not too old.
	Fresh func(nonce []byte) bool
}

// asked is a request and what of it the checks look at.
type asked struct {
	*Message
	username Username
	password []byte
}

// checks are the reasons to refuse, in the order in which they are looked for.
// A Send request carries neither realm nor nonce, Set Active Destination no nonce.
var checks = []struct {
	code    int
	refuses func(Gate, *asked) bool
}{
	{401, func(_ Gate, r *asked) bool { return !has[MessageIntegrity](r.Message) }},
	{432, func(_ Gate, r *asked) bool { return !has[Username](r.Message) }},
	{436, Gate.unknown},
	{434, func(_ Gate, r *asked) bool { return r.Type != SendRequest && !has[Realm](r.Message) }},
	{435, func(_ Gate, r *asked) bool { return r.Type == AllocateRequest && !has[Nonce](r.Message) }},
	{438, func(g Gate, r *asked) bool { n, ok := Find[Nonce](r.Message); return ok && !g.Fresh(n) }},
	{431, func(g Gate, r *asked) bool { return r.Verify(NewKey(r.username, g.Realm, r.password)) != nil }},
	{420, func(_ Gate, r *asked) bool { return len(Unserved(r.Message)) > 0 }},
}

// Check gives the error a request is to be refused with; ok means none. With 420
// the answer also carries Unserved.
func (g Gate) Check(m *Message) (refusal ErrorCode, ok bool) {
	r := &asked{Message: m}
	for _, c := range checks {
		if c.refuses(g, r) {
			return Failure(c.code), false
		}
	}
	return ErrorCode{}, true
}

// unknown looks the user up for this and the later checks.
func (g Gate) unknown(r *asked) bool {
	r.username, _ = Find[Username](r.Message)
	var known bool
	r.password, known = g.Password(r.username)
	return !known
}

// Unserved lists the attributes that the receiver has to know and does not.
func Unserved(m *Message) UnknownAttributes {
	var numbers UnknownAttributes
	for _, a := range m.Attributes {
		if u, ok := a.(Unknown); ok && u.Mandatory() {
			numbers = append(numbers, u.Type)
		}
	}
	return numbers
}

func has[A Attribute](m *Message) bool {
	_, ok := Find[A](m)
	return ok
}
