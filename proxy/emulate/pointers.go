package emulate

// Pointers says which revocation pointers emulated certificates carry, and where
// they lead. The zero value is none.
//
// Modelled: Q1. How the appliance is told to embed pointers, their form and who
// answers is not public; here they are plain HTTP URLs of one endpoint.
type Pointers struct {
	CRL, OCSP bool
	// Base is the endpoint's URL without a path: "http://status.appliance.test".
	Base string
}

// For gives the URLs for certificates that an authority issues. Each issuing
// authority has its own, for each signs its own CRL and answers.
func (p Pointers) For(a *Authority) (ocsp, crl []string) {
	if p.OCSP {
		ocsp = []string{OCSPURL(p.Base, a.id)}
	}
	if p.CRL {
		crl = []string{CRLURL(p.Base, a.id)}
	}
	return ocsp, crl
}

// String is "none", "crl", "ocsp" or "crl,ocsp".
func (p Pointers) String() string {
	switch {
	case p.CRL && p.OCSP:
		return "crl,ocsp"
	case p.CRL:
		return "crl"
	case p.OCSP:
		return "ocsp"
	}
	return "none"
}
