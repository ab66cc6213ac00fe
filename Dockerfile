# Trent in an image of its own: one static binary and an empty directory for its state.
#
#   scripts/build
#   docker build --tag trent .
#   docker run --publish 127.0.0.1:4566:4566 --volume trent-data:/data trent

# Without a shell there is no mkdir and no chown; an empty stage makes the directory and COPY gives it its owner.
FROM scratch AS layout
WORKDIR /layout/data

FROM scratch
COPY --from=layout --chown=65532:65532 /layout /
COPY target/x86_64-unknown-linux-gnu/release/trent /usr/local/bin/trent

# Nobody in particular: a number needs no /etc/passwd. A new volume takes over the directory's owner.
USER 65532:65532
VOLUME /data
EXPOSE 4566
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s CMD ["/usr/local/bin/trent", "health"]
ENTRYPOINT ["/usr/local/bin/trent"]
CMD ["start", "--listen", "0.0.0.0:4566", "--data-dir", "/data"]
