package sipauth

// The steps of [MS-NLMP] 3.3.2 and 3.4, for its own test values.

func NTOWFv2(password, user, domain string) []byte { return ntowfv2(password, user, domain) }

func LMv2(key, serverChallenge, clientChallenge []byte) []byte {
	return lmv2(key, serverChallenge, clientChallenge)
}

func NTv2(key, serverChallenge, clientChallenge, targetInfo []byte, filetime uint64) (response, sessionBaseKey []byte) {
	b := blob(filetime, clientChallenge, targetInfo)
	p, base := proof(key, serverChallenge, b)
	return append(p, b...), base
}

func RC4(key, data []byte) []byte { return rc4Once(key, data) }

// ClientKeys gives signing and sealing key and a MAC in the client's direction.
func ClientKeys(exported []byte, flags uint32) (sign, seal []byte, mac func(seq uint32, text []byte) []byte) {
	k := keysOf(exported, flags, toServer)
	return k.sign, k.seal, func(seq uint32, text []byte) []byte { return k.mac(flags, seq, text) }
}

// PRF is the pseudo-random function of TLS 1.0.
func PRF(secret []byte, label string, seed []byte, size int) []byte {
	return prf(secret, label, seed, size)
}
