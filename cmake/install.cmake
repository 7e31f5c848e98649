include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Nothing installed depends on the processor, so everything goes to share/.
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/unroll)
install(TARGETS unroll unroll_io EXPORT unroll FILE_SET HEADERS)
install(EXPORT unroll NAMESPACE unroll:: FILE unrollTargets.cmake DESTINATION ${package_dir})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/unrollConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES cmake/unrollConfig.cmake cmake/build_type.cmake cmake/compiled.cmake
  ${PROJECT_BINARY_DIR}/unrollConfigVersion.cmake
  DESTINATION ${package_dir})

# The path from unroll.pc to the headers, so that an installed tree can be moved.
set(pkgconfig_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)
file(RELATIVE_PATH UNROLL_PC_TO_PREFIX ${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH UNROLL_PC_INCLUDE ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(cmake/unroll.pc.in ${PROJECT_BINARY_DIR}/unroll.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/unroll.pc DESTINATION ${pkgconfig_dir})
