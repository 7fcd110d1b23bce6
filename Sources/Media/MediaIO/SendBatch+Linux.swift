#if os(Linux) && !SWITCHBOARD_PORTABLE_IO
    internal import CSockets
    #if canImport(Musl)
        internal import Musl
    #elseif canImport(Glibc)
        internal import Glibc
    #endif

    extension SendBatch {
        /// Sends with `sendmmsg`, runs as segmented datagrams (`UDP_SEGMENT`).
        mutating func sendTogether(to socket: borrowing UDPSocket) {
            for index in 0..<messageCount where segmentSizes[index] != 0 { requestSegmentation(of: index) }
            var done = 0
            while done < messageCount {
                let count = csockets_send(socket.descriptor, messages + done, UInt32(messageCount - done), 0)
                systemCalls += 1
                if count > 0 {
                    for index in done..<(done + Int(count)) { sentDatagrams += datagrams(in: index) }
                    done += Int(count)
                    continue
                }
                let reason = errno
                if reason == EINTR { continue }
                if segmentSizes[done] != 0, reason == EIO || reason == EINVAL || reason == EOPNOTSUPP {
                    // When not even single datagrams leave it is not for their segmentation: an address of ours is gone.
                    if sendUnsegmented(done, to: socket) { usesSegmentation = false }
                } else {
                    refusedDatagrams += datagrams(in: done)
                }
                done += 1
            }
        }

        /// Asks for segmentation, behind whatever else is said of the message.
        private func requestSegmentation(of index: Int) {
            let control = controls + index * SendBatch.controlStride
            let length = Int(messages[index].header.msg_controllen)
            csockets_set_segment_size(control + length, segmentSizes[index])
            messages[index].header.msg_control = control
            messages[index].header.msg_controllen = .init(length + csockets_segment_control_length())
        }

        private func datagrams(in index: Int) -> Int {
            let size = Int(segmentSizes[index])
            return size == 0 ? 1 : (vectors[index].iov_len + size - 1) / size
        }

        /// Sends the segments of a message one by one; returns whether any left.
        private mutating func sendUnsegmented(_ index: Int, to socket: borrowing UDPSocket) -> Bool {
            guard let base = vectors[index].iov_base else { return false }
            let total = vectors[index].iov_len
            let size = Int(segmentSizes[index])
            var header = messages[index].header
            header.msg_controllen = .init(Int(header.msg_controllen) - csockets_segment_control_length())
            if header.msg_controllen == 0 { header.msg_control = nil }
            var anyLeft = false
            for offset in stride(from: 0, to: total, by: size) {
                let length = min(size, total - offset)
                var vector = iovec(iov_base: base + offset, iov_len: length)
                let sent = withUnsafeMutablePointer(to: &vector) {
                    header.msg_iov = $0
                    return sendmsg(socket.descriptor, &header, 0)
                }
                systemCalls += 1
                if sent == length {
                    sentDatagrams += 1
                    anyLeft = true
                } else {
                    refusedDatagrams += 1
                }
            }
            return anyLeft
        }
    }
#endif
