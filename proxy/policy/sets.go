package policy

// Sets says whether any rule sets a property, by its name in lower case.
func (p *Policy) Sets(property string) bool {
	for _, r := range p.rules {
		for i := range r.effects {
			if r.effects[i].name == property {
				return true
			}
		}
	}
	return false
}

// ClientKeyring names the keyring whose certificate is shown to an origin that asks for
// one, "" for none.
func (d Decision) ClientKeyring() string { return d.text("server.connection.client_keyring") }

// HTTP2 says whether HTTP/2 may be spoken between client and origin: where policy lets
// it be on both sides.
//
// Modelled: without a rule it may not; the appliance's default is not public.
func (d Decision) HTTP2() bool {
	return d.Switch("http2.client.accept", false) && d.Switch("http2.server.request", false)
}
